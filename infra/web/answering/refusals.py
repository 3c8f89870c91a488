"""Requests that cannot be answered as they are."""

from espalier.pipelines.errors import UserError

BAD_REQUEST, TOO_LARGE, UNFIT = 400, 413, 422


class RefusedError(UserError):
    """A request is wrong; the message says what about it, and where.

    Attributes
    ----------
    status : int
        HTTP status: 400 for what cannot be read, 413 for too much, 422 for what does not fit the
        model.
    column : str or None
        The column that is wrong, if it is one.
    row : int or None
        Position of the row that is wrong, counted from 0.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = UNFIT,
        column: str | None = None,
        row: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.column = column
        self.row = row


def shown(cell: object) -> str:
    """Return a cell for a message, at most 40 characters long."""
    text = repr(cell)
    return text if len(text) <= 40 else f"{text[:36]}...'"
