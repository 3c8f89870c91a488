"""What is said of a model beside its score."""

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
# Of the time that is left; the rest is for the importances.
_MISTAKE_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a model needs and what it gets wrong, on held-out rows.

    Attributes
    ----------
    importances : tuple of ColumnImportance
        The most important first; without those that time did not suffice for.
    n_columns : int
        Columns that the model reads.
    n_rows, n_mistake_rows : int
        Rows that importances, and the rest, were measured on.
    confusion : ConfusionMatrix or None
        Of a classification.
    deviations : Deviations or None
        Of a regression.
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
    """Return what a model needs and what it gets wrong; nothing where there is no time.

    Parameters
    ----------
    model : EnsembleModel
        As it is served.
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows that the model has not seen.
    y : array, shape (n_rows,)
        Class codes or values.
    metric : Metric
        By which a column's importance is measured.
    seed : int
        Of the draws.
    deadline : Deadline
        When to be done. So few rows are asked about that the model's pace allows it.
    """
    if deadline.passed or not len(table):
        return NOTHING_EXPLAINED
    table = with_unique_names(table)
    order = generator(seed, "explain", "rows").permutation(len(table))
    n_rows = MISTAKE_ROWS
    if deadline.at is not None:
        # A call is not interrupted, so a few rows tell how many can be afforded.
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
