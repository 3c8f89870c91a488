"""Measure the drift of a table from the training table of a model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.cell_display import listed_cells
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.lifecycle.drift.column_cells import CellKind
from espalier.pipelines.lifecycle.drift.distances import (
    jensen_shannon,
    kolmogorov_smirnov,
    stability_index,
    stability_p_value,
    wasserstein,
)
from espalier.pipelines.lifecycle.drift.reference import ColumnProfile, TableProfile, profile_column
from espalier.pipelines.lifecycle.drift.two_sample import TwoSampleTest

N_BINS = 10
"""Number of bins of a numeric column: quantiles of its earlier rows."""
NAMED_LEVELS = 30
"""Number of categories with a cell of their own; rarer ones are counted together."""
COMMON_SHARE = 0.005
"""Smallest share of the earlier rows for a category to have its own cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLimits:
    """The limits from which a difference counts as drift.

    Attributes
    ----------
    index : float
        Largest population stability index of a column.
    p_value : float
        Significance level of a difference, divided by the number of columns.
    auc : float
        Largest area under the ROC curve of a classifier that tells old rows from new ones.
    """

    index: float = 0.25
    p_value: float = 0.01
    auc: float = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """The drift of one column.

    Attributes
    ----------
    column : str
        Name of the column.
    kind : CellKind
        How its cells are compared; texts by their length.
    index : float
        Population stability index, missing and new categories counting as cells.
    p_value : float
        P-value of the index under no change.
    missing_before, missing_now : float
        Shares of missing cells.
    distance : float
        Kolmogorov-Smirnov statistic of numbers, Jensen-Shannon distance of categories; in [0, 1].
    moved : float or None
        Wasserstein distance in units of the earlier standard deviation; None for categories.
    new_share : float
        Share of the non-missing cells in categories that are new.
    new_levels : tuple of str
        A few of the new categories, the most frequent first.
    """

    column: str
    kind: CellKind
    index: float
    p_value: float
    missing_before: float
    missing_now: float
    distance: float
    moved: float | None = None
    new_share: float = 0.0
    new_levels: tuple[str, ...] = ()

    def is_drift(self, limits: DriftLimits, n_columns: int = 1) -> bool:
        """Whether the drift exceeds the limits, as one of ``n_columns``; never for dates."""
        sure = self.p_value < limits.p_value / max(1, n_columns)
        return self.kind is not CellKind.DATE and sure and self.index > limits.index

    @property
    def text(self) -> str:
        """One line that describes the drift."""
        parts = [f"{self.column!r}: stability index {self.index:.3g}"]
        if self.moved is not None:
            parts.append(f"moved by {self.moved:.2g} standard deviations")
        if self.missing_now != self.missing_before:
            parts.append(f"missing {_percent(self.missing_before)} -> {_percent(self.missing_now)}")
        if self.new_share:
            seen = listed_cells(self.new_levels)
            parts.append(f"{_percent(self.new_share)} never seen" + (f" ({seen})" if seen else ""))
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """The drift of a table.

    Attributes
    ----------
    columns : tuple of ColumnDrift
        The features, the largest drift first.
    target : ColumnDrift or None
        The target; None if the new rows have none.
    classifier : TwoSampleTest or None
        How well a classifier tells old rows from new ones; None if the old rows were not stored,
        or if there are too few of either.
    n_before, n_now : int
        Number of old and of new rows compared.
    """

    columns: tuple[ColumnDrift, ...]
    target: ColumnDrift | None
    classifier: TwoSampleTest | None
    n_before: int
    n_now: int

    @property
    def largest_index(self) -> float:
        """Largest stability index of the features except dates; 0 without features."""
        moved = [each.index for each in self.columns if each.kind is not CellKind.DATE]
        return max(moved, default=0.0)

    def drifted(self, limits: DriftLimits) -> tuple[ColumnDrift, ...]:
        """Return the features, and the target, with drift beyond the limits, largest first."""
        looked_at = [*self.columns, *([] if self.target is None else [self.target])]
        found = [each for each in looked_at if each.is_drift(limits, len(looked_at))]
        return tuple(sorted(found, key=lambda each: -each.index))

    def findings(self, limits: DriftLimits) -> tuple[str, ...]:
        """Return one line for each drift beyond the limits."""
        lines = [each.text for each in self.drifted(limits)]
        test = self.classifier
        if test is not None and test.auc > limits.auc and test.p_value < limits.p_value:
            lines.append(test.text)
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


def measure_drift(
    before: TableProfile, now: pd.DataFrame, *, classifier: TwoSampleTest | None = None
) -> DriftReport:
    """Measure the drift of new rows from the profile of earlier ones.

    Parameters
    ----------
    before : TableProfile
        Profile of the training table.
    now : DataFrame, shape (n_rows, n_columns)
        Raw new rows. Only columns that both have are compared; without the target column the
        target is not.
    classifier : TwoSampleTest or None
        Result of `two_sample_test`.
    """
    table = with_unique_names(now)
    found: dict[str, ColumnDrift] = {}
    for column in before.columns:
        if column.name in table.columns and len(table):
            found[column.name] = column_drift(
                column, profile_column(table[column.name], column.kind)
            )
    target = found.pop(before.target, None)
    return DriftReport(
        columns=tuple(sorted(found.values(), key=lambda each: (-each.index, each.column))),
        target=None if target is None or target.missing_now == 1.0 else target,
        classifier=classifier,
        n_before=max((each.n_rows for each in before.columns), default=0),
        n_now=len(table),
    )


def column_drift(before: ColumnProfile, now: ColumnProfile) -> ColumnDrift:
    """Measure the drift of one column.

    Parameters
    ----------
    before, now : ColumnProfile
        Profiles of the same column, of the same kind.
    """
    if before.kind is CellKind.CATEGORY:
        counts, new = _level_counts(before, now)
        distance, moved = jensen_shannon(*counts), None
    else:
        old_values, new_values = _values(before), _values(now)
        counts, new = _number_counts(before, now), {}
        both = len(old_values) > 0 and len(new_values) > 0
        distance = (
            kolmogorov_smirnov(old_values, new_values)
            if both
            else float(_one_is_empty(old_values, new_values))
        )
        moved = wasserstein(old_values, new_values) if both else None
    index = stability_index(*counts)
    n_cells = int(((counts[0] > 0) | (counts[1] > 0)).sum())
    n_present = now.n_rows - now.n_missing
    return ColumnDrift(
        column=before.name,
        kind=before.kind,
        index=index,
        p_value=stability_p_value(index, before.n_rows, now.n_rows, n_cells),
        missing_before=before.n_missing / max(1, before.n_rows),
        missing_now=now.n_missing / max(1, now.n_rows),
        distance=distance,
        moved=moved,
        new_share=sum(new.values()) / max(1, n_present),
        new_levels=tuple(sorted(new, key=lambda level: (-new[level], level))[:3]),
    )


def _level_counts(
    before: ColumnProfile, now: ColumnProfile
) -> tuple[tuple[NDArray[Any], NDArray[Any]], Mapping[str, int]]:
    """Return counts per cell (frequent levels, other, new, missing), and the new levels."""
    old, new = dict(before.levels or {}), dict(now.levels or {})
    common = [level for level, count in old.items() if count >= COMMON_SHARE * before.n_rows]
    named = common[:NAMED_LEVELS]
    # If not all earlier levels are known by name, an unknown one may not be new.
    unseen = (
        {} if before.n_other else {level: count for level, count in new.items() if level not in old}
    )
    n_unseen = sum(unseen.values())

    def cells(levels: Mapping[str, int], column: ColumnProfile, never_seen: int) -> NDArray[Any]:
        counted = [levels.get(level, 0) for level in named]
        rest = column.n_rows - column.n_missing - sum(counted) - never_seen
        return np.array([*counted, rest, never_seen, column.n_missing], dtype=np.float64)

    return (cells(old, before, 0), cells(new, now, n_unseen)), unseen


def _number_counts(before: ColumnProfile, now: ColumnProfile) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return counts in the quantile bins of the earlier values, and of missing cells."""
    values = _values(before)
    edges = (
        np.unique(np.quantile(values, np.linspace(0.0, 1.0, N_BINS + 1)[1:-1]))
        if len(values)
        else np.array([0.0])
    )

    def cells(column: ColumnProfile) -> NDArray[Any]:
        there = _values(column)
        places = np.searchsorted(edges, there, side="left")
        counted = np.bincount(places, minlength=len(edges) + 1).astype(np.float64)
        # Few values may stand for many rows.
        scale = (column.n_rows - column.n_missing) / max(1, len(there))
        return np.append(counted * scale, column.n_missing)

    return cells(before), cells(now)


def _values(column: ColumnProfile) -> NDArray[np.float64]:
    return np.empty(0) if column.values is None else column.values


def _one_is_empty(one: NDArray[Any], two: NDArray[Any]) -> bool:
    return (len(one) == 0) != (len(two) == 0)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
