"""How the columns of a table are parsed and which are dropped, and how later tables are read so.

`prepare` decides it on the training table; the model keeps it, and applies it to rows to predict.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dropped_columns import DroppedColumn
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.feature_table import frames_of, side_by_side
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.data.parsing.readings import (
    CarriedReading,
    ColumnPlan,
    NetworkReading,
    NumberReading,
    is_plain_number,
    without_infinities,
)
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import MissingColumnsError
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults

PlannedCells = tuple[ColumnPlan, NDArray[Any]]
"""A column's plan, and the prepared cells of its training rows, shape (n_rows,)."""


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

    def apply(
        self, table: pd.DataFrame, *, where: str = "the table", unread: Container[str] = ()
    ) -> pd.DataFrame:
        """Return the prepared features of a table.

        Parameters
        ----------
        table : DataFrame, shape (n_rows, ...)
            Raw rows; extra and reordered columns are fine, and so are values never seen.
        where : str
            What to call the table in an error.
        unread : container of str
            Prepared columns of vectors or pixels that need not be read: all their cells are
            missing.

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
            plan.name: np.full(len(table), np.nan, dtype=object)
            if plan.role.is_array and plan.name in unread
            else plan.read(table[plan.raw])
            for plan in self.plans
            if plan.name not in numbers.columns
        }
        return side_by_side([numbers, *frames_of(cells, self.roles, len(table))], list(self.roles))

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
