"""Write a model as one file, and keep the file only if it answers as the model does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.agreement import Agreement, rows_to_try
from espalier.pipelines.export.base.formats import ExportFormat
from espalier.pipelines.serving.model import EnsembleModel

NO_FACTS: Mapping[str, str] = {}


class ExportDiffersError(UserError):
    """The exported file does not answer as the model does; it was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file that was written.

    Attributes
    ----------
    path : Path
        The file.
    form : str
        Its format.
    n_bytes : int
        Its size.
    agreement : Agreement or None
        How its answers compare with the model's; None for a script, which trains anew.
    notes : tuple of str
        What else a user should know.
    """

    path: Path
    form: ExportFormat
    n_bytes: int
    agreement: Agreement | None
    notes: tuple[str, ...] = ()


def export_model(
    model: EnsembleModel,
    path: str | Path,
    form: ExportFormat = "onnx",
    *,
    rows: pd.DataFrame | None = None,
    coverage: float = 0.9,
    facts: Mapping[str, str] = NO_FACTS,
) -> Exported:
    """Write a model as one file.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    path : str or Path
        The file to write; an existing one is replaced only by one that answers as the model does.
    form : str
        ``onnx``, ``c`` or ``python``.
    rows : DataFrame or None
        Raw rows to compare on, best those that the model was not trained on; None for the few that
        are stored with the model.
    coverage : float
        Of the prediction intervals in the file.
    facts : mapping of str to str
        Further facts for the file to tell, such as the name and the version of the model.

    Returns
    -------
    Exported
        The file and how it compares.

    Raises
    ------
    CannotExportError
        A part of the model has no form in this format; the error names it.
    ExportDiffersError
        The file answers otherwise than the model; it is not kept.
    UserError
        The format is unknown, a package is missing, or there are no rows to compare on.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise UserError(f"folder {target.parent} does not exist; create it, or name another --out")
    if form == "python":
        from espalier.pipelines.export.script.write import write_script

        notes = write_script(model, target)
        return Exported(
            path=target, form=form, n_bytes=target.stat().st_size, agreement=None, notes=notes
        )
    if form not in ("onnx", "c"):
        raise UserError(f"unknown format {form!r}; choose one of: onnx, c, python")
    if not 0.0 < coverage < 1.0:
        raise UserError(f"the coverage of intervals must be between 0 and 1, not {coverage}")
    try:
        prepared = rows_to_try(model, rows)
    except ValueError as error:
        raise UserError(f"{error}; give some raw rows") from None
    draft = target.with_name(f".{target.name}.draft")
    try:
        if form == "onnx":
            from espalier.pipelines.export.onnx.whole.write import write_onnx

            found, notes = write_onnx(model, draft, prepared, coverage=coverage, facts=facts)
        else:
            from espalier.pipelines.export.c.write import write_c

            found, notes = write_c(model, draft, prepared, coverage=coverage, facts=facts)
        _require(found)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return Exported(
        path=target, form=form, n_bytes=target.stat().st_size, agreement=found, notes=notes
    )


def _require(found: Agreement) -> None:
    """Raise an `ExportDiffersError` unless the file answers as the model does."""
    if found.holds:
        return
    where = f"{found.culprit} differs" if found.culprit else "its members agree one by one"
    raise ExportDiffersError(
        f"the exported file does not answer as the model does ({found.text}, allowed "
        f"{found.allowed:.2g}; {where}) and was not kept; train it again with --portable onnx, or "
        "without the family that differs"
    )
