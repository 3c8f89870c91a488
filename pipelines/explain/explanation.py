"""Explain a model: which columns it needs and which mistakes it makes."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.explain.importance import MOST_ROWS, ColumnImportance, column_importances
from espalier.pipelines.explain.mistakes import ConfusionMatrix, Deviations, confusion, deviations
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.serving.model import EnsembleModel

MISTAKE_ROWS = 2_000
PACE_ROWS = 100
# Share of the time left for the mistakes; the rest is for the importances.
_MISTAKE_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The importances of a model's columns and its mistakes, on hold-out rows.

    Attributes
    ----------
    importances : tuple of ColumnImportance
        The most important column first; columns may be missing if time was short.
    n_columns : int
        Number of columns that the model uses.
    n_rows, n_mistake_rows : int
        Number of rows for the importances, and for the mistakes.
    confusion : ConfusionMatrix or None
        For classification.
    deviations : Deviations or None
        For regression.
    """

    importances: tuple[ColumnImportance, ...] = ()
    n_columns: int = 0
    n_rows: int = 0
    n_mistake_rows: int = 0
    confusion: ConfusionMatrix | None = None
    deviations: Deviations | None = None

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
) -> Explanation:
    """Measure column importances and mistakes; the result is empty if there is no time.

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
    """
    if deadline.passed or not len(table):
        return NOTHING_EXPLAINED
    table = with_unique_names(table)
    order = generator(seed, "explain", "rows").permutation(len(table))
    n_rows = MISTAKE_ROWS
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
    classes = model.classes
    return Explanation(
        importances=column_importances(
            lambda some: model.predict_for_metric(some, metric),
            shown,
            truth,
            columns=model.feature_names,
            metric=metric,
            seed=seed,
            deadline=deadline,
        ),
        n_columns=len(model.feature_names),
        n_rows=min(len(rows), MOST_ROWS),
        n_mistake_rows=len(rows),
        confusion=None if classes is None else confusion(truth, model.codes(scores), classes),
        deviations=deviations(truth, scores) if classes is None else None,
    )
