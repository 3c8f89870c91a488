"""Explain a model: which columns it needs, how answers depend on them, and where it errs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.explain.columns import ColumnSummary
from espalier.pipelines.explain.coverage import LEVELS, Coverage, coverages
from espalier.pipelines.explain.curves import ClassCurves, ClassScore, class_curves, class_scores
from espalier.pipelines.explain.effects.dependence import Dependence, dependences
from espalier.pipelines.explain.effects.interactions import Interaction, interactions
from espalier.pipelines.explain.effects.row_sample import ColumnPush, column_pushes
from espalier.pipelines.explain.importance import MOST_ROWS, ColumnImportance, column_importances
from espalier.pipelines.explain.learning_curve import LearningCurve
from espalier.pipelines.explain.mistakes import ConfusionMatrix, Deviations, confusion, deviations
from espalier.pipelines.explain.weak_spots import (
    WeakSlice,
    WorstRow,
    row_losses,
    weak_slices,
    worst_rows,
)
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.serving.model import EnsembleModel

MISTAKE_ROWS = 2_000
PACE_ROWS = 100
# Shares of the time left: for the mistakes; of what is then left, for dependences and coverage,
# and of that for coverage; of what is left after these, for interactions.
_MISTAKE_SHARE = 0.3
_DEPENDENCE_SHARE = 0.4
_COVERAGE_SHARE = 0.4
_INTERACTION_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is known of a model from hold-out rows.

    Attributes
    ----------
    importances : tuple of ColumnImportance
        The most important column first; columns may be missing if time was short.
    n_columns : int
        Number of columns that the model uses.
    n_rows, n_mistake_rows : int
        Number of rows for the importances, and for everything about mistakes.
    confusion : ConfusionMatrix or None
        For classification.
    deviations : Deviations or None
        For regression.
    curves : ClassCurves or None
        For two classes.
    classes : tuple of ClassScore
        For more than two classes.
    coverages : tuple of Coverage
        For regression: shares of values within prediction intervals.
    slices : tuple of WeakSlice
        Slices on which the model is clearly worse.
    worst : tuple of WorstRow
        Rows with the largest loss.
    dependences : tuple of Dependence
        How the answers depend on the most important columns.
    answer : str
        The answer that ``dependences``, ``interactions`` and ``pushes`` are about: a class, or
        empty for values.
    interactions : tuple of Interaction
        Pairs of the most important columns, the strongest interaction first.
    pushes : tuple of ColumnPush
        Contributions of the strongest columns to the answers to some rows.
    learning : LearningCurve or None
        The score by the number of rows; not of `explain`, but added by who knows the rows.
    columns : tuple of ColumnSummary
        What the columns of the search rows hold; added likewise.
    """

    importances: tuple[ColumnImportance, ...] = ()
    n_columns: int = 0
    n_rows: int = 0
    n_mistake_rows: int = 0
    confusion: ConfusionMatrix | None = None
    deviations: Deviations | None = None
    curves: ClassCurves | None = None
    classes: tuple[ClassScore, ...] = ()
    coverages: tuple[Coverage, ...] = ()
    slices: tuple[WeakSlice, ...] = ()
    worst: tuple[WorstRow, ...] = ()
    dependences: tuple[Dependence, ...] = ()
    answer: str = ""
    interactions: tuple[Interaction, ...] = ()
    pushes: tuple[ColumnPush, ...] = ()
    learning: LearningCurve | None = None
    columns: tuple[ColumnSummary, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


NOTHING_EXPLAINED = Explanation()


def explain(
    model: EnsembleModel,
    table: pd.DataFrame,
    y: NDArray[Any],
    *,
    metric: Metric,
    seed: int,
    deadline: Deadline,
    groups: NDArray[Any] | None = None,
    positions: NDArray[Any] | None = None,
    names_values: bool = True,
) -> Explanation:
    """Explain a model on hold-out rows; the result is empty if there is no time.

    Parameters
    ----------
    model : EnsembleModel
        The final model.
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows that the model was not trained on.
    y : array, shape (n_rows,)
        Class codes or values.
    metric : Metric
        Metric of the importances.
    seed : int
        Seed of the samples and permutations.
    deadline : Deadline
        When to be done; the number of rows is reduced to what the model can predict by then.
    groups : array or None, shape (n_rows,)
        Rows with the same code belong together.
    positions : array or None, shape (n_rows,)
        Positions of the rows in the table that was given; None to name no single rows.
    names_values : bool
        Whether values of columns may be quoted, such as the name of a town.
    """
    if deadline.passed or not len(table):
        return NOTHING_EXPLAINED
    table = with_unique_names(table)
    order = generator(seed, "explain", "rows").permutation(len(table))
    n_rows, row_seconds = MISTAKE_ROWS, 0.0
    if deadline.at is not None:
        # A call cannot be interrupted, so a few rows are timed first, to bound their number.
        before = deadline.seconds_left
        model.predict_scores(table.iloc[order[:PACE_ROWS]])
        row_seconds = max(before - deadline.seconds_left, 1e-6) / min(PACE_ROWS, len(table))
        n_rows = min(n_rows, int(_MISTAKE_SHARE * deadline.seconds_left / row_seconds))
        if n_rows < min(PACE_ROWS, len(table)):
            return NOTHING_EXPLAINED
    rows = np.sort(order[:n_rows])
    shown, truth = table.iloc[rows], y[rows]
    scores = model.predict_scores(shown)
    # Never-ending deadlines have no parts: everything is measured.
    later = 0.0 if deadline.at is None else _DEPENDENCE_SHARE * max(deadline.seconds_left, 0.0)
    importances = column_importances(
        lambda some: model.predict_for_metric(some, metric),
        shown,
        truth,
        columns=model.feature_names,
        metric=metric,
        seed=seed,
        deadline=deadline.earlier(later),
    )
    losses = row_losses(truth, scores)
    answer, label = _answer(model, truth)
    classes = model.classes
    codes = None if classes is None else model.codes(scores)
    needed = [each.name for each in importances if each.loss > 0]
    explained = Explanation(
        importances=importances,
        n_columns=len(model.feature_names),
        n_rows=min(len(rows), MOST_ROWS),
        n_mistake_rows=len(rows),
        confusion=None if codes is None or classes is None else confusion(truth, codes, classes),
        deviations=deviations(truth, scores) if classes is None else None,
        curves=_curves(model, truth, scores),
        classes=()
        if classes is None or codes is None or len(classes) == 2
        else class_scores(truth, codes, scores, list(classes)),
        coverages=_coverages(model, shown, truth, deadline, row_seconds),
        slices=weak_slices(
            shown,
            losses,
            needed + [name for name in model.feature_names if name not in needed],
            groups=None if groups is None else groups[rows],
            names_values=names_values,
        ),
        worst=()
        if positions is None
        else worst_rows(
            truth, scores, losses, classes=classes, codes=codes, positions=positions[rows]
        ),
        dependences=dependences(
            answer,
            shown,
            needed,
            seed=seed,
            deadline=deadline,
            row_seconds=row_seconds,
            names_values=names_values,
        ),
        answer=label,
    )
    # What is asked last is what is missed least where time is short.
    together = interactions(
        answer,
        shown,
        needed,
        seed=seed,
        deadline=deadline.part(_INTERACTION_SHARE),
        row_seconds=row_seconds,
        names_values=names_values,
    )
    pushes = column_pushes(
        answer, shown, model.feature_names, seed=seed, deadline=deadline, row_seconds=row_seconds
    )
    return replace(explained, interactions=together, pushes=pushes)


def _answer(
    model: EnsembleModel, truth: NDArray[Any]
) -> tuple[Callable[[pd.DataFrame], NDArray[np.float64]], str]:
    """Return what dependences are about, and its name: the second or the most frequent class."""
    if model.classes is None:
        return model.predict_scores, ""
    code = 1 if len(model.classes) == 2 else int(np.bincount(truth).argmax())
    return lambda table: model.predict_scores(table)[:, code], str(model.classes[code])


def _curves(
    model: EnsembleModel, truth: NDArray[Any], scores: NDArray[np.float64]
) -> ClassCurves | None:
    if model.classes is None or len(model.classes) != 2:
        return None
    threshold = model.adjustments.threshold
    return class_curves(
        truth,
        scores[:, 1],
        positive=str(model.classes[1]),
        threshold=0.5 if threshold is None else threshold,
    )


def _coverages(
    model: EnsembleModel,
    table: pd.DataFrame,
    truth: NDArray[Any],
    deadline: Deadline,
    row_seconds: float,
) -> tuple[Coverage, ...]:
    if model.classes is not None or model.adjustments.intervals is None or deadline.passed:
        return ()
    most = MOST_ROWS
    if row_seconds:
        most = min(most, int(_COVERAGE_SHARE * deadline.seconds_left / row_seconds / len(LEVELS)))
    if most < min(PACE_ROWS, len(table)):
        return ()
    some = slice(0, most)
    return coverages(truth[some], lambda level: model.predict_interval(table.iloc[some], level))
