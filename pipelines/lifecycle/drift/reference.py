"""The reference of a training table, stored so that later tables can be compared with it.

It is a seeded sample of raw rows or, if rows must not be stored, a profile (histogram) of each
column. Profiles are always computed from the sample, so both give the same figures; only the
classifier test (`espalier.pipelines.lifecycle.drift.two_sample`) needs whole rows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.plain_numbers import plan_plain_numbers
from espalier.pipelines.lifecycle.drift.column_cells import CellKind, cell_kind, read_cells
from espalier.pipelines.seeds import generator

MOST_ROWS = 5_000
"""Number of rows of the sample; gives shares within 1.4 percentage points."""
QUANTILES = 201
"""Number of quantiles stored of a numeric column if rows are not stored."""
MOST_LEVELS = 200
"""Number of categories counted by name; the others are counted together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """The distribution of one column.

    Attributes
    ----------
    name : str
        Name of the column.
    kind : CellKind
        How its cells are compared.
    n_rows, n_missing : int
        Number of rows, and of missing cells.
    values : array or None, shape (n_values,)
        Sorted values of the non-missing cells of a number, text or date, or their quantiles.
    levels : mapping of str to int, or None
        Number of rows of each category, the most frequent first.
    n_other : int
        Number of rows of categories that are not among ``levels``.
    """

    name: str
    kind: CellKind
    n_rows: int
    n_missing: int
    values: NDArray[np.float64] | None = None
    levels: Mapping[str, int] | None = None
    n_other: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """The distributions of a table's columns.

    Attributes
    ----------
    columns : tuple of ColumnProfile
        In the table's order.
    target : str
        Name of the target column.
    """

    columns: tuple[ColumnProfile, ...]
    target: str

    def to_json(self) -> str:
        """Return the profile as JSON; numeric values are reduced to `QUANTILES` quantiles."""
        record = {"target": self.target, "columns": [_to_dict(each) for each in self.columns]}
        return json.dumps(record, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "TableProfile":
        """Return the profile from the output of `to_json`."""
        record = json.loads(text)
        return cls(
            target=record["target"], columns=tuple(_from_dict(each) for each in record["columns"])
        )


def sample_rows(
    table: pd.DataFrame, columns: Sequence[str], *, seed: int, most: int = MOST_ROWS
) -> pd.DataFrame:
    """Return a seeded sample of raw rows with these columns, in the table's order.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        The training table.
    columns : sequence of str
        The columns that the model uses, and the target.
    seed : int
        The run's seed.
    most : int
        Largest number of rows.
    """
    table = with_unique_names(table)
    wanted = [name for name in table.columns if name in set(columns)]
    if len(table) > most:
        rows = generator(seed, "reference").choice(len(table), size=most, replace=False)
        table = table.iloc[np.sort(rows)]
    return table[wanted].reset_index(drop=True)


def profile_table(rows: pd.DataFrame, *, target: str, is_classification: bool) -> TableProfile:
    """Compute the profile of raw rows.

    Parameters
    ----------
    rows : DataFrame, shape (n_rows, n_columns)
        Rows from `sample_rows`.
    target : str
        The target column.
    is_classification : bool
        Whether the target holds classes.
    """
    plain = plan_plain_numbers(rows, {target}, None)
    return TableProfile(
        target=target,
        columns=tuple(
            _number_profile(name, CellKind.NUMBER, plain[name][1])
            if name in plain
            else profile_column(
                rows[name], cell_kind(rows[name], is_label=is_classification and name == target)
            )
            for name in rows.columns
        ),
    )


def profile_column(series: "pd.Series[Any]", kind: CellKind) -> ColumnProfile:
    """Compute the profile of one raw column, with cells of ``kind``."""
    cells = read_cells(series, kind)
    if kind is not CellKind.CATEGORY:
        return _number_profile(str(series.name), kind, cells)
    missing = pd.isna(cells)
    present = cells[~missing]
    name, n_rows, n_missing = str(series.name), len(cells), int(missing.sum())
    found, counts = np.unique(present.astype(str), return_counts=True)
    order = np.lexsort((found, -counts))
    kept = order[:MOST_LEVELS]
    return ColumnProfile(
        name=name,
        kind=kind,
        n_rows=n_rows,
        n_missing=n_missing,
        levels={str(found[at]): int(counts[at]) for at in kept},
        n_other=int(counts[order[MOST_LEVELS:]].sum()),
    )


def _number_profile(name: str, kind: CellKind, cells: NDArray[np.float64]) -> ColumnProfile:
    """Return the profile of a column of numbers, lengths or moments; NaN where missing."""
    missing = np.isnan(cells)
    return ColumnProfile(
        name=name,
        kind=kind,
        n_rows=len(cells),
        n_missing=int(missing.sum()),
        values=np.sort(cells[~missing].astype(np.float64)),
    )


def _to_dict(column: ColumnProfile) -> dict[str, Any]:
    values = column.values
    if values is not None and len(values) > QUANTILES:
        values = np.quantile(values, np.linspace(0.0, 1.0, QUANTILES))
    return {
        "name": column.name,
        "kind": str(column.kind),
        "n_rows": column.n_rows,
        "n_missing": column.n_missing,
        "values": None if values is None else [float(f"{value:.9g}") for value in values],
        "levels": None if column.levels is None else dict(column.levels),
        "n_other": column.n_other,
    }


def _from_dict(record: Mapping[str, Any]) -> ColumnProfile:
    values = record["values"]
    return ColumnProfile(
        name=record["name"],
        kind=CellKind(record["kind"]),
        n_rows=record["n_rows"],
        n_missing=record["n_missing"],
        values=None if values is None else np.asarray(values, dtype=np.float64),
        levels=record["levels"],
        n_other=record["n_other"],
    )
