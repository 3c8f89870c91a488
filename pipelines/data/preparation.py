"""Decide how a table's columns are parsed and which are dropped, and apply it to later tables.

Only what needs no fitting in a fold is decided here: what each column holds, how it is read, and
which columns cannot help.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data import dropped_columns as dropping
from espalier.pipelines.data.dropped_columns import DroppedColumn
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.column_plans import plan_column
from espalier.pipelines.data.parsing.decimal_signs import DECIMAL, MARKED, NOTES, table_decimal
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.data.parsing.plain_numbers import plan_plain_numbers
from espalier.pipelines.data.parsing.readings import (
    CarriedReading,
    ColumnPlan,
    NetworkReading,
    NumberReading,
    is_plain_number,
    without_infinities,
)
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import MissingColumnsError, UserError
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults

PlannedCells = tuple[ColumnPlan, NDArray[Any]]
"""A column's plan, and the prepared cells of its training rows, shape (n_rows,)."""
NOTHING_GIVEN: Mapping[str, PlannedCells] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How columns are parsed and which are dropped; stored with the model.

    Attributes
    ----------
    plans : tuple of ColumnPlan
        One per prepared column, in order.
    dropped : tuple of DroppedColumn
        Columns that are not features, each with its reason.
    notes : tuple of str
        What a user should know, such as a date format that was a guess.
    target_style : NumberStyle or None
        How the numbers of the target were written; None if it holds none.
    """

    plans: tuple[ColumnPlan, ...]
    dropped: tuple[DroppedColumn, ...] = ()
    notes: tuple[str, ...] = ()
    target_style: NumberStyle | None = None

    __setstate__ = set_state_with_defaults

    @property
    def roles(self) -> Mapping[str, ColumnRole]:
        """Role of each prepared column, in order."""
        return {plan.name: plan.role for plan in self.plans}

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that are needed, in order."""
        return tuple(dict.fromkeys(plan.raw for plan in self.plans))

    @property
    def number_styles(self) -> Mapping[str, NumberStyle]:
        """How the numbers of each numeric column were written in training."""
        return {
            plan.name: plan.reading.style
            for plan in self.plans
            if isinstance(plan.reading, NumberReading)
        }

    def styles_with(self, target: str | None) -> Mapping[str, NumberStyle]:
        """Return how the numbers of each numeric column and of the target were written."""
        if target is None or self.target_style is None:
            return self.number_styles
        return {**self.number_styles, target: self.target_style}

    @property
    def networks(self) -> tuple[NetworkReading, ...]:
        """The readings that need packages and weights of their own."""
        return tuple(
            plan.reading for plan in self.plans if isinstance(plan.reading, NetworkReading)
        )

    def apply(self, table: pd.DataFrame, *, where: str = "the table") -> pd.DataFrame:
        """Return the prepared features of a table.

        Parameters
        ----------
        table : DataFrame, shape (n_rows, ...)
            Raw rows; extra and reordered columns are fine, and so are values never seen.
        where : str
            What to call the table in an error.

        Returns
        -------
        DataFrame, shape (n_rows, n_columns)
            Columns as `roles` says, with a RangeIndex.

        Raises
        ------
        MissingColumnsError
            Columns are missing; all of them are named.
        UserError
            A column holds dates where it held numbers.
        """
        table = with_unique_names(table)
        missing = tuple(name for name in self.columns if name not in table.columns)
        if missing:
            raise MissingColumnsError(missing, where)
        numbers = self._numbers(table)
        cells = {
            plan.name: plan.read(table[plan.raw])
            for plan in self.plans
            if plan.name not in numbers.columns
        }
        return _side_by_side([numbers, *_frames(cells, self.roles, len(table))], list(self.roles))

    def _numbers(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that are numeric in training and in this table, parsed all at once.

        Read one by one, a single row of a wide table takes longer than all models together.
        """
        kinds = dict(zip(table.columns, table.dtypes, strict=True))
        names = [
            plan.name
            for plan in self.plans
            if isinstance(plan.reading, NumberReading) and is_plain_number(kinds[plan.name])
        ]
        with np.errstate(over="ignore"):  # long doubles may be too large
            cells = table[names].to_numpy(dtype=np.float64, copy=True)
        numbers = without_infinities(cells)
        return pd.DataFrame(numbers, index=pd.RangeIndex(len(table)), columns=names)

    def without(self, columns: Sequence[str], reason: str) -> "Preparation":
        """Return a preparation that also drops these columns, for the given reason."""
        return replace(
            self,
            plans=tuple(plan for plan in self.plans if not {plan.name, plan.raw} & set(columns)),
            dropped=self.dropped + tuple(DroppedColumn(name, reason) for name in columns),
        )

    def carried(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return raw rows that need no files: pictures are in the cells instead of their paths.

        Examples that are stored with a model must be readable wherever the model goes.
        """
        carriers = {
            plan.raw: plan.reading
            for plan in self.plans
            if isinstance(plan.reading, CarriedReading)
        }
        if not carriers:
            return table
        named = with_unique_names(table)
        return named.assign(**{raw: each.carry(named[raw]) for raw, each in carriers.items()})


class FrozenColumns(Protocol):
    """Reads columns with networks that are fitted to nothing."""

    def usable(self, table: pd.DataFrame) -> NDArray[np.bool_] | None:
        """Return which raw rows are trained on; None for all of them."""
        ...

    def planned(self, table: pd.DataFrame) -> Mapping[str, PlannedCells]:
        """Return raw columns that are planned and read already, as `prepare` is given them."""
        ...

    def extended(
        self, table: pd.DataFrame, preparation: Preparation, features: pd.DataFrame
    ) -> tuple[Preparation, pd.DataFrame]:
        """Return what `prepare` returned for these raw rows with further columns."""
        ...


def prepare(
    table: pd.DataFrame,
    *,
    target: str | None,
    exclude: Sequence[str] = (),
    group_column: str | None = None,
    time_column: str | None = None,
    weight_column: str | None = None,
    given: Mapping[str, PlannedCells] = NOTHING_GIVEN,
) -> tuple[Preparation, pd.DataFrame]:
    """Decide how to parse a table's columns and which to drop; return its prepared features too.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        The training rows.
    target : str or None
        The target column; it is no feature.
    exclude : sequence of str
        Columns to leave out.
    group_column, time_column, weight_column : str or None
        Columns that steer the splits or weigh the rows; only a time column of dates is a feature.
    given : mapping of str to PlannedCells
        Raw columns that are planned and read already, such as those of pictures.

    Returns
    -------
    preparation : Preparation
        What was decided.
    features : DataFrame
        The same rows, prepared.

    Raises
    ------
    UserError
        A named column does not exist, or no feature is left.
    """
    table = with_unique_names(table)
    dropped: dict[str, str] = {}
    for name in exclude:
        dropped[find_column(table, name, "excluded column")] = "excluded by the user"
    if group_column is not None:
        dropped[find_column(table, group_column, "group column")] = "it groups the splits"
    time = None if time_column is None else find_column(table, time_column, "time column")
    if weight_column is not None:
        dropped[find_column(table, weight_column, "weight column")] = "it weighs the rows"
    decimal = table.attrs.get(DECIMAL) or table_decimal(table)
    marked = table.attrs.get(MARKED, ())
    plain = plan_plain_numbers(table, {*dropped, *marked, *given, str(target), str(time)}, decimal)
    plans: dict[str, ColumnPlan] = {}
    cells: dict[str, NDArray[Any]] = {}
    identifiers: dict[str, str] = {}
    for name in table.columns:
        if name == target or name in dropped:
            continue
        if name in given:
            plans[name], cells[name] = given[name]
            if pd.isna(cells[name]).all():
                dropped[name] = "no cell has a usable value"
            continue
        if name in plain:
            plans[name], cells[name] = plain[name]
            continue
        series = table[name]
        if series.isna().all():
            dropped[name] = "every cell is missing"
            continue
        if pd.api.types.is_complex_dtype(series.dtype):
            dropped[name] = "complex numbers cannot be used"
            continue
        plan = plan_column(name, series, decimal, is_marked=name in marked)
        if name == time:
            if plan.role is not ColumnRole.DATETIME:
                dropped[name] = "it orders the splits"
                continue
            plan = replace(plan, role=ColumnRole.TIME)
        column = plan.read(series)
        reason = dropping.reason_to_drop(name, plan.role, column, series)
        if reason is not None and not reason.startswith(("identifier", "row number")):
            dropped[name] = reason
            continue
        plans[name], cells[name] = plan, column
        if reason is not None:
            identifiers[name] = reason
    # If all that is left are identifiers, keep them: the target may follow their order.
    if len(identifiers) < len(plans):
        dropped.update(identifiers)
    kept = [name for name in plans if name not in dropped]
    kept.sort(key=lambda name: name != time)  # of its copies, the time column is the one to keep
    for name, original in dropping.copies(
        {name: cells[name] for name in kept},
        {name: plan.role for name, plan in plans.items()},
    ).items():
        dropped[name] = f"says the same as {original!r}"
    kept = [name for name in plans if name not in dropped]
    if not kept:
        raise UserError(dropping.nothing_left(dropped))
    order = [name for name in table.columns if name in dropped]
    preparation = Preparation(
        plans=tuple(plans[name] for name in kept),
        dropped=tuple(DroppedColumn(name, dropped[name]) for name in order),
        notes=(
            *table.attrs.get(NOTES, ()),
            *(note for name in kept for note in plans[name].notes),
        ),
        target_style=_target_style(table, target, decimal),
    )
    frames = _frames({name: cells[name] for name in kept}, preparation.roles, len(table))
    return preparation, _side_by_side(frames, kept)


def _target_style(
    table: pd.DataFrame, target: str | None, decimal: str | None
) -> NumberStyle | None:
    """Return how the numbers of the target are written; None if it holds none."""
    if target not in table.columns or table[target].isna().all():
        return None
    is_marked = target in table.attrs.get(MARKED, ())
    reading = plan_column(str(target), table[target], decimal, is_marked=is_marked).reading
    return reading.style if isinstance(reading, NumberReading) else None


def _frames(
    cells: Mapping[str, NDArray[Any]], roles: Mapping[str, ColumnRole], n_rows: int
) -> list[pd.DataFrame]:
    """Return prepared cells as two tables: numbers and dates; strings and vectors as objects."""
    index = pd.RangeIndex(n_rows)
    words = {
        name
        for name in cells
        if roles[name] in (ColumnRole.CATEGORICAL, ColumnRole.TEXT) or roles[name].is_array
    }
    texts = [name for name in cells if name in words]
    others = {name: values for name, values in cells.items() if name not in words}
    block = np.empty((n_rows, len(texts)), dtype=object, order="F")
    for position, name in enumerate(texts):
        block[:, position] = cells[name]
    return [
        pd.DataFrame(others, index=index, columns=list(others)),
        pd.DataFrame(block, index=index, columns=texts, dtype=object),
    ]


def _side_by_side(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Join tables of the same rows and return their columns in the given order."""
    parts = [frame for frame in frames if frame.shape[1]]
    joined = parts[0] if len(parts) == 1 else pd.concat(parts, axis=1)
    return joined if list(joined.columns) == list(columns) else joined[list(columns)]


def find_column(table: pd.DataFrame, name: Any, what: str) -> str:
    """Return the column called ``name``.

    Raises
    ------
    UserError
        There is no such column; the message suggests the nearest name.
    """
    text = str(name)
    if text in table.columns:
        return text
    names = [str(column) for column in table.columns]
    folded = {column.casefold(): column for column in reversed(names)}
    near = get_close_matches(text.casefold(), list(folded), n=1, cutoff=0.6)
    hint = f"did you mean {folded[near[0]]!r}?" if near else f"there are: {_listed(names)}"
    raise UserError(f"{what} {text!r} is not in the table; {hint}")


def _listed(names: Sequence[str]) -> str:
    """Join at most ten names for a message."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(repr(name) for name in names[:10]) + more
