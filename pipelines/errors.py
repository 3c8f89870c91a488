"""The errors Espalier raises on purpose; `SearchFailedError` is beside the failures it carries."""

from espalier.pipelines.redaction import redact


class EspalierError(Exception):
    """Base class of Espalier's exceptions; secrets are hidden in their messages.

    They are hidden where the exception is made, since programs also print its arguments (``repr``),
    and once more where it is shown, in case a secret has become known since.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(redact(each) if isinstance(each, str) else each for each in args))

    def __str__(self) -> str:
        return redact(super().__str__())


class UserError(EspalierError, ValueError):
    """The user's input is wrong.

    The message is one line that names the file, column or value and says what to do.
    The command line prints it and exits with 2; it is never retried.
    """


class MissingColumnsError(UserError):
    """A table lacks columns that the model was trained on.

    Attributes
    ----------
    columns : tuple of str
        The names of all columns that are missing.
    """

    def __init__(self, columns: tuple[str, ...], where: str = "the table") -> None:
        self.columns = columns
        names = ", ".join(repr(name) for name in columns)
        super().__init__(
            f"{where} lacks {len(columns)} column(s) the model was trained on: {names}; add them"
        )

    def __reduce__(self) -> tuple[type, tuple[tuple[str, ...]]]:
        return type(self), (self.columns,)


class DataRefusedError(UserError):
    """Validation refused the table: at least one expectation of severity *refuse* failed."""


class WorkerLostError(EspalierError, RuntimeError):
    """A worker disappeared; the same work may succeed elsewhere, so a task may retry it."""


class StoreUnavailableError(EspalierError, RuntimeError):
    """A tracking store or database is locked or unreachable; trying again may help."""
