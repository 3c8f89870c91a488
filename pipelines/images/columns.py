"""Which columns of a table hold pictures, and their plans."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from espalier.pipelines.data.parsing.column_names import find_column, with_unique_names
from espalier.pipelines.data.parsing.readings import ColumnPlan
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.preparation import PlannedCells
from espalier.pipelines.errors import UserError
from espalier.pipelines.frozen.embedding import Embedded
from espalier.pipelines.frozen.store import VectorStore
from espalier.pipelines.images.bad_files import BadFile, BadFiles, told_of
from espalier.pipelines.images.cells import (
    PictureFiles,
    first_cells,
    looks_like_content,
    looks_like_path,
    shown_cell,
)
from espalier.pipelines.images.looks import BEST_LOOK, LOOKS, Look
from espalier.pipelines.images.reading import ImageReading, need_vision
from espalier.pipelines.resources.budget import NEVER, Deadline

LOOKED_AT = 50
"""Cells of a column that are looked at to see whether it holds pictures."""
MOST_UNUSABLE = 0.5
"""Share of a column's pictures that may be of no use; with more of them something else is wrong."""
_TIMED = 32


@dataclass(frozen=True, slots=True)
class PictureColumns:
    """The picture columns of a training table, read.

    Attributes
    ----------
    planned : dict of str to (ColumnPlan, array)
        Plan and vectors of each column, for `espalier.pipelines.data.prepare.prepare`.
    warnings : tuple of str
        Pictures that cannot be used: how many, and the first of them with the reasons.
    notes : tuple of str
        What else the user should know, such as that pictures were scaled down to save time.
    n_pictures, n_computed : int
        Number of cells with a usable picture, and of pictures that were not known before.
    look : Look or None
        How closely the network looked at them; None without any.
    n_unread : int
        Pictures for which there was no time; they count as missing.
    bad : tuple of BadFile
        All pictures that cannot be used.
    """

    planned: dict[str, PlannedCells]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    n_pictures: int = 0
    n_computed: int = 0
    look: Look | None = None
    n_unread: int = 0
    bad: tuple[BadFile, ...] = ()


NO_PICTURES = PictureColumns({})


def find_picture_columns(
    table: pd.DataFrame,
    named: Sequence[str] | None,
    *,
    root: str = "",
    leave_out: Sequence[str | None] = (),
) -> tuple[str, ...]:
    """Return the columns that hold pictures.

    Parameters
    ----------
    table : DataFrame
        Raw rows with unique text names.
    named : sequence of str or None
        The columns, if the user named them; None to recognise them: by bytes of picture files, or
        by texts that end like the name of one and lead to a file.
    root : str
        Folder or zip archive that relative paths start from.
    leave_out : sequence of str or None
        Columns that are no features.

    Raises
    ------
    UserError
        A named column does not exist.
    """
    if named is not None:
        return tuple(find_column(table, each, "image column") for each in named)
    files = PictureFiles(root)
    found = []
    for name in table.columns:
        if name in leave_out or not _may_hold_pictures(table[name]):
            continue
        cells = first_cells(table[name], LOOKED_AT)
        content = [each for each in cells if looks_like_content(each)]
        paths = [each for each in cells if looks_like_path(each)]
        is_content = bool(cells) and len(content) > len(cells) / 2
        # Names of files that are nowhere are words: an export may keep what it does not hold.
        if is_content or (
            len(paths) > len(cells) / 2
            and any(not isinstance(files.load(each), str) for each in paths[:10])
        ):
            found.append(str(name))
    return tuple(found)


def read_pictures(
    table: pd.DataFrame,
    columns: Sequence[str],
    *,
    root: str = "",
    look: Look | None = None,
    deadline: Deadline = NEVER,
    partial: bool = False,
    foresee: bool = False,
    policy: BadFiles = "missing",
    store: VectorStore | None = None,
) -> PictureColumns:
    """Return the picture columns of a training table, read; see `PictureColumns`.

    Parameters
    ----------
    table : DataFrame
        Raw rows.
    columns : sequence of str
        The columns that hold pictures.
    root : str
        Folder or zip archive that relative paths start from.
    look : Look or None
        How closely the network looks at a picture; None for the best.
    deadline : Deadline
        When this must be done at the latest.
    partial : bool
        Whether pictures that are not reached by then count as missing, instead of raising.
    foresee : bool
        Whether to raise as soon as the first blocks show that the rest will not be ready in time.
    policy : BadFiles
        What is done with pictures that cannot be used.
    store : VectorStore or None
        Where vectors are kept; None for the user's own store.

    Raises
    ------
    UserError
        A package is missing, most pictures of a column cannot be used, or one cannot and they are
        to be refused.
    TimeoutError
        The deadline passed.
    """
    if not columns:
        return NO_PICTURES
    need_vision()
    table = with_unique_names(table)
    look = look or BEST_LOOK
    planned: dict[str, PlannedCells] = {}
    warnings: list[str] = []
    bad: list[BadFile] = []
    n_pictures = n_computed = n_unread = 0
    for name in columns:
        reading = ImageReading(look, root)
        # What is left of the time is divided by the columns that are left.
        share = deadline.part(1.0 / (len(columns) - len(planned))) if foresee else deadline
        embedded = reading.embed(
            table[name], store=store, deadline=share, partial=partial, foresee=foresee
        )
        n_unread += embedded.n_unread
        n_present = int(table[name].notna().sum())
        _refuse_unusable(name, table[name], embedded, n_present)
        here = [
            BadFile(column=name, row=row, shown=shown_cell(table[name].iloc[row]), reason=reason)
            for row, reason in embedded.faults
        ]
        if (said := told_of(here, policy, n_present)) is not None:
            warnings.append(said)
        bad.extend(here)
        planned[name] = (ColumnPlan(name, ColumnRole.IMAGE, reading), embedded.cells)
        n_pictures += n_present - len(embedded.faults) - embedded.n_unread
        n_computed += embedded.n_computed
    if n_unread:
        warnings.append(
            f"{n_unread:,} of {n_pictures + n_unread:,} pictures could not be read within the time "
            "budget and count as missing; give more time"
        )
    return PictureColumns(
        planned,
        tuple(warnings),
        n_pictures=n_pictures,
        n_computed=n_computed,
        look=look,
        n_unread=n_unread,
        bad=tuple(bad),
    )


def less_closely(look: Look) -> tuple[str, ...]:
    """Return what to say of pictures that were looked at so: nothing if it is the best."""
    if look == BEST_LOOK:
        return ()
    seen = "as a whole only" if look.n_scales == 1 else f"at {look.n_scales} scales"
    return (
        f"pictures are scaled to {look.side} x {look.side} pixels and seen {seen}, so that there "
        f"is time for the search; with more time they are scaled to {BEST_LOOK.side} and seen at "
        f"{BEST_LOOK.n_scales} scales",
    )


def _may_hold_pictures(series: "pd.Series[Any]") -> bool:
    return pd.api.types.is_object_dtype(series.dtype) or pd.api.types.is_string_dtype(series.dtype)


def affordable_look(
    table: pd.DataFrame,
    columns: Sequence[str],
    root: str,
    seconds: float,
    store: VectorStore | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Look:
    """Return the closest look at which all pictures are ready within the seconds.

    A few pictures are timed, so that the machine and the size of the files count; what other
    looks take follows from their cost.
    """
    n_pictures = sum(int(table[name].nunique()) for name in columns if _is_hashable(table[name]))
    some = table[columns[0]].dropna().drop_duplicates() if _is_hashable(table[columns[0]]) else None
    if some is None or len(some) <= 2 * _TIMED:
        return BEST_LOOK
    reading = ImageReading(BEST_LOOK, root)
    reading.embed(some.iloc[:1], store=store)  # loads the network
    # From the middle: an earlier, interrupted run has begun at the start.
    middle = some.iloc[len(some) // 2 : len(some) // 2 + _TIMED]
    began = clock()
    n_timed = reading.embed(middle, store=store).n_computed
    if n_timed < _TIMED // 2:  # known from before
        return BEST_LOOK
    expected = (clock() - began) / n_timed * n_pictures
    return next((look for look in LOOKS if expected * look.cost <= seconds), LOOKS[-1])


def _is_hashable(series: "pd.Series[Any]") -> bool:
    return all(isinstance(each, str | bytes) for each in first_cells(series, LOOKED_AT))


def _refuse_unusable(
    name: str, series: "pd.Series[Any]", embedded: Embedded, n_present: int
) -> None:
    if n_present and len(embedded.faults) > MOST_UNUSABLE * n_present:
        row, reason = embedded.faults[0]
        raise UserError(
            f"{len(embedded.faults):,} of {n_present:,} pictures of column {name!r} cannot be "
            f"used, such as {shown_cell(series.iloc[row])}: {reason}; check the paths, and the "
            "folder that they start from (--image-root)"
        )
