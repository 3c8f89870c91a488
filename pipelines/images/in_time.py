"""The pictures of a training table, read within its time budget or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

import pandas as pd

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.bad_files import BadFiles
from espalier.pipelines.images.columns import (
    PictureColumns,
    affordable_look,
    find_picture_columns,
    less_closely,
    read_pictures,
)
from espalier.pipelines.images.looks import LOOKS, Look
from espalier.pipelines.images.reading import VISION_PACKAGES
from espalier.pipelines.resources.budget import NEVER, Deadline


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the time budget.

    Attributes
    ----------
    wanted : float
        What reading the pictures may take; with less time they are looked at less closely.
    latest : float
        Within which they must be read, or the next quicker look is taken.
    """

    wanted: float
    latest: float


BESIDE_OTHERS = Shares(wanted=0.25, latest=0.3)
"""Of a table that has other columns too."""
ALONE = Shares(wanted=0.45, latest=0.5)
"""Of one of nothing but pictures: how closely they are seen then decides more than the search."""
LAST_SHARE = 0.2
"""Share of the budget that the smallest may take; what is not read by then counts as missing."""
MOST_UNREAD = 0.8
"""Share of the pictures that may be missing where a table has nothing else."""


def training_pictures(
    table: pd.DataFrame,
    named: Sequence[str] | None,
    *,
    root: str = "",
    look: Look | None = None,
    glance: bool = False,
    leave_out: Sequence[str | None] = (),
    seconds: float | None = None,
    deadline: Deadline = NEVER,
    known_only: bool = False,
    policy: BadFiles = "missing",
) -> PictureColumns:
    """Find the picture columns of a training table and read them.

    Parameters and errors are those of `find_picture_columns` and `read_pictures`. Where packages
    are missing, columns that the user did not name stay texts, with a warning. With ``known_only``
    no vector is made, and pictures that are not in the store count as missing. With ``glance``
    they are looked at in the quickest way however much time there is: no family reads what is seen.

    A table with other columns is trained on these whatever becomes of its pictures; one of nothing
    but pictures needs a fifth of them, and is refused only if ``deadline`` passes before.

    Raises
    ------
    UserError
        As said there; or too few pictures could be read in time.
    """
    table = with_unique_names(table)
    columns = find_picture_columns(table, named, root=root, leave_out=leave_out)
    missing = [each for each in VISION_PACKAGES if find_spec(each) is None]
    if columns and named is None and missing:
        listed = ", ".join(map(repr, columns))
        said = (
            f"column {listed} holds pictures, which are left out and only their names are used: "
            f"{' and '.join(missing)} not installed; install with: pip install 'espalier[vision]'"
        )
        return PictureColumns({}, (said,))
    reads = partial(read_pictures, table, columns, root=root, policy=policy)
    if known_only:
        return reads(look=look, deadline=deadline.sooner(0.0), partial=True)
    others = set(map(str, table.columns)) - set(columns) - set(map(str, leave_out))
    glance = glance and look is None and bool(columns)
    try:
        if look is not None or seconds is None or not columns:
            return reads(look=LOOKS[-1] if glance else look, deadline=deadline)
        shares = BESIDE_OTHERS if others else ALONE
        expected = LOOKS[-1]
        if not glance:
            expected = affordable_look(table, columns, root, shares.wanted * seconds)
        in_time = deadline.sooner(shares.latest * seconds)
        found = _read_in_time(reads, expected, seconds, in_time, deadline, has_others=bool(others))
        return replace(found, notes=()) if glance else found
    except TimeoutError:
        raise UserError(
            f"the pictures of {', '.join(map(repr, columns))} could not all be read within the "
            "time budget; give more time, or fewer rows (what has been read is kept, so that the "
            "next training goes on from there)"
        ) from None


def _read_in_time(
    reads: Callable[..., PictureColumns],
    expected: Look,
    seconds: float,
    in_time: Deadline,
    deadline: Deadline,
    *,
    has_others: bool,
) -> PictureColumns:
    """Return the pictures with the closest look that fits the budget, from the expected one on.

    The first pictures told how long all will take, and each block tells it anew, as a machine may
    get busier meanwhile. With the quickest look, what is not reached in time counts as missing.
    """
    for look in LOOKS[LOOKS.index(expected) : -1]:
        try:
            found = reads(look=look, deadline=in_time, foresee=True)
        except TimeoutError:
            continue
        return replace(found, notes=less_closely(look))
    look = LOOKS[-1]
    last = deadline.sooner(max(LAST_SHARE * seconds, in_time.seconds_left))
    found = reads(look=look, deadline=last, partial=True)
    if not has_others and _too_few(found):
        found = reads(look=look, deadline=deadline, partial=True)
        if _too_few(found):
            raise TimeoutError("too few pictures were read in time")
    return replace(found, notes=less_closely(look))


def _too_few(found: PictureColumns) -> bool:
    return found.n_unread > MOST_UNREAD * (found.n_pictures + found.n_unread)
