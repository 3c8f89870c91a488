"""Why a model cannot be exported."""

from espalier.pipelines.errors import UserError


class CannotExportError(UserError):
    """A part of a model has no form in the export format, or the file answers otherwise.

    Parameters
    ----------
    part : str
        What cannot be exported, in words.
    owner : str
        Where it is, such as ``member 12 (knn)``; empty if that is not known yet.
    advice : str
        What to do about it.
    """

    def __init__(self, part: str, *, owner: str = "", advice: str = "") -> None:
        self.part = part
        self.owner = owner
        self.advice = advice or "train it again with --portable onnx, which leaves such parts out"
        where = f"{owner}: " if owner else ""
        super().__init__(f"{where}{part} cannot be exported; {self.advice}")

    def within(self, owner: str) -> "CannotExportError":
        """Return the same error with its owner named; an owner already known stays."""
        return CannotExportError(self.part, owner=self.owner or owner, advice=self.advice)
