"""What a page says once a target is chosen: its problem, and what is found before training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from espalier.flows.studio.tables.bars import Bar, bars_of, number_bars
from espalier.flows.studio.tables.reading import SeenTable
from espalier.flows.studio.tables.table_view import ColumnView, view_columns
from espalier.pipelines.data.assemble import AssembledDataset, assemble
from espalier.pipelines.data.leakage import scan_leakage
from espalier.pipelines.data.target import encode_target, infer_problem
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
        metrics=fitting_metrics(dataset.problem, dataset.y, dataset.n_classes),
        findings=(
            *(_leak(each.action, each.column, each.reason) for each in leaks),
            *(("note", each) for each in found.notes),
        ),
    )


def look_at_classes(seen: SeenTable, target: str) -> TargetView:
    """Return what the form of a training needs to know of the classes of pictures.

    Raises
    ------
    UserError
        There is no such column.
    """
    if target not in seen.rows.columns:
        raise UserError(f"there is no column {target!r}; choose another target")
    labels = seen.rows[target]
    problem: ProblemKind | None = None
    metrics: tuple[str, ...] = ()
    findings: tuple[tuple[str, str], ...] = ()
    try:
        problem = infer_problem(labels)
        codes, classes = encode_target(labels, problem)
        metrics = fitting_metrics(problem, codes, 1 if classes is None else len(classes))
    except UserError as error:
        findings = (("stop", str(error)),)
    return TargetView(
        target=target,
        problem="" if problem is None else str(problem),
        in_words="" if problem is None else _PROBLEMS[problem],
        bars=bars_of(labels, as_classes=True),
        n_rows=len(labels),
        n_missing=0,
        columns=(),
        metrics=metrics,
        findings=findings,
    )


def fitting_metrics(problem: ProblemKind, y: "NDArray[Any]", n_classes: int) -> tuple[str, ...]:
    """Return the names of the metrics that fit a target, the default first.

    Parameters
    ----------
    problem : ProblemKind
        What it is.
    y : array, shape (n_rows,)
        Codes of classes, or values.
    n_classes : int
        Number of classes.
    """
    first = get_metric(None, problem, n_classes).name
    fitting = []
    for name in METRICS:
        try:
            metric = get_metric(name, problem, n_classes)
            check_target(metric, y)
            check_percentages(metric, y)
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
