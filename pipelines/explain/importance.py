"""Permutation importance: how much worse a model gets when a column is shuffled.

See Breiman 2001, "Random forests", and Fisher, Rudin & Dominici 2019. It is measured on hold-out
rows with the raw columns, so it covers the whole model, preprocessing included. Correlated columns
can replace each other, so each looks less important than it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator

Predict = Callable[[pd.DataFrame], NDArray[Any]]

MOST_ROWS = 500
REPEATS = 3
# Several permuted copies are predicted at once: a call costs more than some hundred rows.
_ROWS_AT_ONCE = 4_000
# A call cannot be interrupted, so it gets at most this share of the time left.
_SHARE_AT_ONCE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnImportance:
    """The importance of one column for a model.

    Attributes
    ----------
    name : str
        Name of the raw column.
    loss : float
        Mean loss of score when it is permuted, in the metric's unit; about 0 or below for a column
        that the model does not need.
    spread : float
        Standard deviation of ``loss`` over the permutations.
    """

    name: str
    loss: float
    spread: float


def column_importances(
    predict: Predict,
    table: pd.DataFrame,
    y: NDArray[Any],
    *,
    columns: Sequence[str],
    metric: Metric,
    seed: int,
    deadline: Deadline,
) -> tuple[ColumnImportance, ...]:
    """Compute the importance of columns, the most important first.

    Parameters
    ----------
    predict : callable (table) -> array
        Returns predictions of raw rows for the metric to score.
    table : DataFrame, shape (n_rows, n_columns)
        Raw hold-out rows; at most `MOST_ROWS` of them are used.
    y : array, shape (n_rows,)
        Class codes or values.
    columns : sequence of str
        Names of the columns.
    metric : Metric
        The metric of the score.
    seed : int
        Seed of the samples and permutations.
    deadline : Deadline
        When to stop; columns and repetitions that are not reached by then are left out.

    Notes
    -----
    The result is empty if the metric is not defined on the rows.
    """
    rng = generator(seed, "explain", "importance")
    if len(table) > MOST_ROWS:
        rows = np.sort(rng.choice(len(table), MOST_ROWS, replace=False))
        table, y = table.iloc[rows], y[rows]
    if deadline.passed or not len(table):
        return ()
    began = deadline.seconds_left
    try:
        whole = score_predictions(metric, y, predict(table))
    except ValueError:  # not defined on these rows, which may be all of one class
        return ()
    call_seconds = max(began - deadline.seconds_left, 1e-6) if deadline.at is not None else 0.0
    losses: dict[str, list[float]] = {}
    # Each column once before any is repeated, since the time may run out.
    turns = [column for _ in range(REPEATS) for column in columns]
    while turns and call_seconds < deadline.seconds_left:
        at_once = max(1, _ROWS_AT_ONCE // len(table))
        if call_seconds:
            in_time = _SHARE_AT_ONCE * deadline.seconds_left / call_seconds
            at_once = min(at_once, max(1, int(in_time)))
        batch, turns = turns[:at_once], turns[at_once:]
        copies = [_without(table, column, rng) for column in batch]
        answers = predict(pd.concat(copies, ignore_index=True))
        for column, answer in zip(batch, np.split(answers, len(batch)), strict=True):
            score = score_predictions(metric, y, answer)
            losses.setdefault(column, []).append(metric.sign * (whole - score))
    found = [
        ColumnImportance(name=str(name), loss=float(np.mean(each)), spread=float(np.std(each)))
        for name, each in losses.items()
        if np.isfinite(each).all()
    ]
    return tuple(sorted(found, key=lambda each: -each.loss))


def _without(table: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    shuffled = table[column].iloc[rng.permutation(len(table))]
    return table.assign(**{column: shuffled.set_axis(table.index)})
