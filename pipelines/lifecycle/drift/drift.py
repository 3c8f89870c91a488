"""How far a table has moved away from the one that a model was trained on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
"""Bins of a number: tenths of its earlier rows."""
NAMED_LEVELS = 30
"""Categories that are a cell of their own; rarer ones are counted together."""
COMMON_SHARE = 0.005
"""Least share of the earlier rows for a cell of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLimits:
    """When a difference is called drift.

    Attributes
    ----------
    index : float
        Largest population stability index of a column.
    p_value : float
        A difference must be less likely than this by chance; shared between the columns.
    auc : float
        Largest area under the curve of the classifier that tells old rows from new ones.
    """

    index: float = 0.25
    p_value: float = 0.01
    auc: float = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How far one column has moved.

    Attributes
    ----------
    column : str
        Its name.
    kind : CellKind
        What its cells are compared as; texts by their length.
    index : float
        Population stability index, missing and new categories counting as cells.
    p_value : float
        How likely so large an index is without any change.
    missing_before, missing_now : float
        Shares of missing cells.
    distance : float
        Kolmogorov-Smirnov statistic of numbers, Jensen-Shannon distance of categories; in [0, 1].
    moved : float or None
        Wasserstein distance in earlier standard deviations; None for categories.
    new_share : float
        Share of the present cells in categories that were never seen.
    new_levels : tuple of str
        A few of them, the most frequent first.
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
        """Whether it has moved too far, one of ``n_columns`` looked at. A date always moves on."""
        sure = self.p_value < limits.p_value / max(1, n_columns)
        return self.kind is not CellKind.DATE and sure and self.index > limits.index

    @property
    def text(self) -> str:
        """One line for people."""
        parts = [f"{self.column!r}: stability index {self.index:.3g}"]
        if self.moved is not None:
            parts.append(f"moved by {self.moved:.2g} standard deviations")
        if self.missing_now != self.missing_before:
            parts.append(f"missing {_percent(self.missing_before)} -> {_percent(self.missing_now)}")
        if self.new_share:
            parts.append(f"{_percent(self.new_share)} never seen ({', '.join(self.new_levels)})")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """How far a table has moved.

    Attributes
    ----------
    columns : tuple of ColumnDrift
        The features, the farthest first.
    target : ColumnDrift or None
        The target; None where the new rows have none.
    classifier : TwoSampleTest or None
        How well old and new rows can be told apart; None where the old rows were not kept, or
        either part is too small.
    n_before, n_now : int
        Rows compared.
    """

    columns: tuple[ColumnDrift, ...]
    target: ColumnDrift | None
    classifier: TwoSampleTest | None
    n_before: int
    n_now: int

    @property
    def largest_index(self) -> float:
        """Stability index of the feature that moved most, dates apart; 0 without features."""
        moved = [each.index for each in self.columns if each.kind is not CellKind.DATE]
        return max(moved, default=0.0)

    def drifted(self, limits: DriftLimits) -> tuple[ColumnDrift, ...]:
        """Return the features, and the target, that have moved too far, the farthest first."""
        looked_at = [*self.columns, *([] if self.target is None else [self.target])]
        found = [each for each in looked_at if each.is_drift(limits, len(looked_at))]
        return tuple(sorted(found, key=lambda each: -each.index))

    def findings(self, limits: DriftLimits) -> tuple[str, ...]:
        """Return a line for each thing that has moved too far."""
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
    """Compare new rows with the profile of earlier ones.

    Parameters
    ----------
    before : TableProfile
        Of the training table.
    now : DataFrame, shape (n_rows, n_columns)
        Raw new rows; columns that the profile does not have are passed over, and so are those that
        the new rows do not have. Without the target column the target is not compared.
    classifier : TwoSampleTest or None
        What `two_sample_test` found.
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
    """Return how far a column has moved.

    Parameters
    ----------
    before, now : ColumnProfile
        Of the same column, read as the same kind.
    """
    if before.kind is CellKind.CATEGORY:
        counts, new = _level_counts(before, now)
        distance, moved = jensen_shannon(*counts), None
    else:
        old_values, new_values = _values(before), _values(now)
        counts, new = _number_counts(before, now), {}
        both = len(old_values) > 0 and len(new_values) > 0
        distance = kolmogorov_smirnov(old_values, new_values) if both else float(_one_is_empty(
            old_values, new_values))  # fmt: skip
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
    """Return rows in each cell (frequent levels, the rest, never seen, missing), and new levels."""
    old, new = dict(before.levels or {}), dict(now.levels or {})
    common = [level for level, count in old.items() if count >= COMMON_SHARE * before.n_rows]
    named = common[:NAMED_LEVELS]
    # Where not all earlier levels are known by name, an unknown one may have been among the rest.
    unseen = {} if before.n_other else {
        level: count for level, count in new.items() if level not in old
    }  # fmt: skip
    n_unseen = sum(unseen.values())

    def cells(levels: Mapping[str, int], column: ColumnProfile, never_seen: int) -> NDArray[Any]:
        counted = [levels.get(level, 0) for level in named]
        rest = column.n_rows - column.n_missing - sum(counted) - never_seen
        return np.array([*counted, rest, never_seen, column.n_missing], dtype=np.float64)

    return (cells(old, before, 0), cells(new, now, n_unseen)), unseen


def _number_counts(before: ColumnProfile, now: ColumnProfile) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return rows in each tenth of the earlier values, and missing ones."""
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
