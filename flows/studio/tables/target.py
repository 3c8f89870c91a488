"""What a page says once a target is chosen: its problem, and what is found before training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from espalier.flows.studio.tables.bars import Bar, bars_of, number_bars
from espalier.flows.studio.tables.look import ColumnView, view_columns
from espalier.flows.studio.tables.reading import SeenTable
from espalier.pipelines.data.assemble import AssembledDataset, assemble
from espalier.pipelines.data.leakage import scan_leakage
from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import METRICS, get_metric
from espalier.pipelines.metrics.scoring import check_percentages, check_target
from espalier.pipelines.problem import ProblemKind

_PROBLEMS = {
    ProblemKind.BINARY: "one of two classes",
    ProblemKind.MULTICLASS: "one of several classes",
    ProblemKind.REGRESSION: "a number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """A table with its target, as a page shows it.

    Attributes
    ----------
    target : str
        The target column.
    problem : str
        ``binary``, ``multiclass`` or ``regression``; empty where it cannot be learned.
    in_words : str
        What is predicted, such as "one of two classes".
    bars : tuple of Bar
        Histogram of the target.
    n_rows, n_missing : int
        Rows with a target, and rows without one, which are not used.
    columns : tuple of ColumnView
        All columns but the target.
    metrics : tuple of str
        Metrics that fit the target, the default first.
    findings : tuple of (str, str)
        ``stop``, ``warning`` or ``note``, and what was found.
    """

    target: str
    problem: str
    in_words: str
    bars: tuple[Bar, ...]
    n_rows: int
    n_missing: int
    columns: tuple[ColumnView, ...]
    metrics: tuple[str, ...]
    findings: tuple[tuple[str, str], ...]

    @property
    def can_train(self) -> bool:
        """Whether nothing stands against a training."""
        return all(kind != "stop" for kind, _ in self.findings)


def look_at_target(
    seen: SeenTable, target: str, *, exclude: Sequence[str] = (), task: str = "auto"
) -> TargetView:
    """Return what a page says of a table with this target.

    Raises
    ------
    UserError
        There is no such column.
    """
    rows = seen.rows
    if target not in rows.columns:
        raise UserError(f"the table has no column {target!r}; choose another target")
    exclude = [name for name in exclude if name in rows.columns and name != target]
    try:
        found = assemble(rows, target=target, task=task, exclude=exclude)
    except UserError as error:
        return TargetView(
            target=target,
            problem="",
            in_words="",
            bars=bars_of(rows[target]),
            n_rows=int(rows[target].notna().sum()),
            n_missing=int(rows[target].isna().sum()),
            columns=view_columns(rows, None, target),
            metrics=(),
            findings=(("stop", str(error)),),
        )
    dataset = found.dataset
    leaks = scan_leakage(dataset, 0)
    leaking = [each.column for each in leaks if each.action == "drop"]
    preparation = found.preparation.without(leaking, "it gives the target away")
    return TargetView(
        target=target,
        problem=str(dataset.problem),
        in_words=_PROBLEMS[dataset.problem],
        bars=_target_bars(found),
        n_rows=len(dataset),
        n_missing=found.rows_without_target,
        columns=view_columns(rows, preparation, target),
        metrics=fitting_metrics(found),
        findings=(
            *(_leak(each.action, each.column, each.reason) for each in leaks),
            *(("note", each) for each in found.notes),
        ),
    )


def fitting_metrics(found: AssembledDataset) -> tuple[str, ...]:
    """Return the names of the metrics that fit a target, the default first."""
    dataset = found.dataset
    first = get_metric(None, dataset.problem, dataset.n_classes).name
    fitting = []
    for name in METRICS:
        try:
            metric = get_metric(name, dataset.problem, dataset.n_classes)
            check_target(metric, dataset.y)
            check_percentages(metric, dataset.y)
        except UserError:
            continue
        fitting.append(name)
    return (first, *(name for name in fitting if name != first))


def _leak(action: str, column: str, reason: str) -> tuple[str, str]:
    if action == "drop":
        return "warning", f"{column!r} is left out: {reason}"
    return "warning", f"{column!r}: {reason}"


def _target_bars(found: AssembledDataset) -> tuple[Bar, ...]:
    dataset = found.dataset
    if dataset.classes is None:
        return number_bars(dataset.y)
    labels: pd.Series[Any] = pd.Series(dataset.classes[dataset.y], dtype=object)
    return bars_of(labels, as_classes=True)
