"""What becomes of rows whose pictures cannot be used: a policy that the user chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError

BadFiles = Literal["missing", "set-aside", "refuse"]
"""``missing``: a picture that cannot be used is a missing cell of its row. ``set-aside``: its row
is left out of the training. ``refuse``: there is no training until all can be used."""
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFile:
    """A picture that cannot be used.

    Attributes
    ----------
    column : str
        Column of pictures.
    row : int
        Position of its row in the table, from 0.
    shown : str
        Its path, or ``its content``.
    reason : str
        Why, in a few words.
    """

    column: str
    row: int
    shown: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row + 1} ({self.shown}): {self.reason}"


def check_policy(policy: str) -> None:
    """Raise a `UserError` if there is no such policy."""
    if policy not in get_args(BadFiles):
        raise UserError(
            f"unknown bad_files {policy!r}; choose one of: {', '.join(get_args(BadFiles))}"
        )


def told_of(bad: Sequence[BadFile], policy: BadFiles, n_pictures: int) -> str | None:
    """Return what to say of pictures that cannot be used; None where all can.

    Parameters
    ----------
    bad : sequence of BadFile
        Of one column.
    policy : BadFiles
        What is done with them.
    n_pictures : int
        Pictures of the column, those among them.

    Raises
    ------
    UserError
        They are to be refused; the message counts them and names the first.
    """
    if not bad:
        return None
    said = f"{len(bad):,} of {n_pictures:,} pictures of column {bad[0].column!r} cannot be used"
    more = len(bad) - _SHOWN
    rest = f"; and {more:,} more" if more > 0 else ""
    listed = "; ".join(map(str, bad[:_SHOWN])) + rest
    if policy == "refuse":
        raise UserError(
            f"{said}: {listed}; mend or remove them, or choose what is done with them "
            "(bad files: missing or set-aside)"
        )
    done = "and count as missing" if policy == "missing" else "and their rows are left out"
    return f"{said} {done}: {listed}"


def good_rows(bad: Sequence[BadFile], n_rows: int) -> NDArray[np.bool_]:
    """Return which rows of a table have no bad file, shape (n_rows,)."""
    good = np.ones(n_rows, dtype=bool)
    good[[each.row for each in bad]] = False
    return good
