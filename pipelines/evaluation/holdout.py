"""Confidence intervals of hold-out scores, and the score of the constant baseline."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.mixture_scorer import make_scorer
from espalier.pipelines.metrics.resampling import resampling_units
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator

# Rows times samples beyond which samples are saved, and the fewest samples.
LARGEST_WORK = 2_000_000
FEWEST_SAMPLES = 200
# Numbers of samples and rows that are taken even if the time is up.
HURRIED_SAMPLES = 50
HURRIED_ROWS = 1_000
# Share of the time left that may be spent on the next portion of rows.
_PORTION_SHARE = 0.7


def predict_in_time(
    predict: Callable[[pd.DataFrame], NDArray[Any]],
    table: pd.DataFrame,
    *,
    deadline: Deadline,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return predictions of as many rows as can be predicted in time, drawn at random.

    Parameters
    ----------
    predict : callable (table) -> array
        Predictions of raw rows, in their order.
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows.
    deadline : Deadline
        When to be done. 1,000 rows are predicted however late it is.
    seed : int
        Seed of the draw.

    Returns
    -------
    positions : array of int64, shape (n,)
        The rows that were predicted, sorted: all of them unless the time was too short.
    predictions : array, shape (n, ...)
        Predictions of these rows.
    """
    n_rows = len(table)
    if deadline.at is None or n_rows <= HURRIED_ROWS:
        return np.arange(n_rows), predict(table)
    order = generator(seed, "holdout", "order").permutation(n_rows)
    parts: list[NDArray[Any]] = []
    done, wanted, left = 0, HURRIED_ROWS, deadline.seconds_left
    while done < n_rows:
        rows = order[done : done + wanted]
        parts.append(predict(table.iloc[rows]))
        done += len(rows)
        before, left = left, deadline.seconds_left
        pace = max(before - left, 1e-6) / len(rows)
        wanted = int(max(0.0, _PORTION_SHARE * left) / pace)
        if wanted < HURRIED_ROWS and wanted < n_rows - done:
            break
    back = np.argsort(order[:done], kind="stable")
    return order[:done][back], np.concatenate(parts)[back]


def bootstrap_interval(
    metric: Metric,
    y: NDArray[Any],
    predictions: NDArray[Any],
    *,
    seed: int,
    level: float = 0.95,
    n: int = 1000,
    sample_weight: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
    deadline: Deadline = NEVER,
) -> tuple[float, float]:
    """Return a bootstrap interval of a score, drawing whole groups if rows belong together.

    With fewer than 30 groups (or rows) its bounds are the score and its bootstrap standard error
    times a quantile of Student's t; with more they are percentiles of the samples.

    Parameters
    ----------
    metric : Metric
        The metric to compute.
    y : array, shape (n_rows,)
        Class codes or values.
    predictions : array, shape (n_rows, n_classes) or (n_rows,)
        Predictions of the same rows.
    seed : int
        Seed of the bootstrap samples.
    level : float
        Confidence that the interval holds the score of new rows, or of new groups, in (0, 1).
    n : int
        Bootstrap samples; fewer, but never less than 200, where rows are so many that the
        interval is narrow anyway.
    sample_weight : array or None, shape (n_rows,)
        Non-negative weights.
    groups : array or None, shape (n_rows,)
        Rows with the same code belong together.
    deadline : Deadline
        When to stop sampling, with 50 samples at least.

    Returns
    -------
    (float, float)
        Lower and upper bound, in the metric's own direction. Samples on which the metric is not
        defined, such as an area under the curve without one of the classes, are left out; with
        none left both bounds are the score itself. If all rows are of one group, nothing is known
        of other groups: the bounds are as far as the metric goes, or infinite.

    Notes
    -----
    Efron 1979, "Bootstrap methods: another look at the jackknife"; with few units see
    `espalier.pipelines.metrics.resampling`.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    n_rows = len(y)
    enough = n if n_rows * n <= LARGEST_WORK else max(FEWEST_SAMPLES, LARGEST_WORK // n_rows)
    problem = _problem(predictions)
    scorer = make_scorer(metric, y, problem, sample_weight)
    reduced = scorer.reduce(predictions)
    units = resampling_units(n_rows, groups, sample_weight)
    rng = generator(seed, "holdout", "bootstrap")
    drawn: list[float] = []
    while len(drawn) < min(n, enough) and not (deadline.passed and len(drawn) >= HURRIED_SAMPLES):
        drawn.append(scorer.score(reduced, units.draw(rng)))
    sampled = np.asarray(drawn)
    scores = metric.sign * sampled[np.isfinite(sampled)]
    if not scores.size:
        score = score_predictions(metric, y, predictions, sample_weight)
        return score, score
    one_side = (1.0 + level) / 2.0
    if not units.few:
        tail = units.tail(one_side)
        low, high = np.quantile(scores, [tail, 1.0 - tail])
        return float(low), float(high)
    score = metric.sign * scorer.score(reduced, None)
    half = units.half_width(scores, one_side)
    return _in_range(metric, score - half, score + half)


def _in_range(metric: Metric, low: float, high: float) -> tuple[float, float]:
    """Return bounds that a metric of the catalogue can reach; those of other metrics as they are.

    No loss is below 0, and no score above 1, likelihood ratios aside.
    """
    if metric.name not in METRICS or metric.name == "positive_likelihood_ratio":
        return low, high
    return (low, min(high, 1.0)) if metric.higher_is_better else (max(low, 0.0), high)


def _problem(predictions: NDArray[Any]) -> ProblemKind:
    """Return the kind of problem that predictions of this shape belong to."""
    if predictions.ndim == 1:
        return ProblemKind.REGRESSION
    return ProblemKind.BINARY if predictions.shape[1] == 2 else ProblemKind.MULTICLASS


def dummy_score(
    dataset: Dataset,
    y: NDArray[Any],
    metric: Metric,
    sample_weight: NDArray[Any] | None = None,
) -> float:
    """Return the baseline score: that of the best constant prediction from the search rows.

    Class shares where the metric needs probabilities, the most frequent class where it needs
    labels; for values the better of mean and median on the search rows.

    Parameters
    ----------
    dataset : Dataset
        The search rows.
    y : array, shape (n_rows,)
        Class codes or values of the held-out rows.
    metric : Metric
        The metric to compute.
    sample_weight : array or None, shape (n_rows,)
        Weights of the held-out rows.
    """
    constant = constant_prediction(dataset, metric)
    return score_predictions(metric, y, np.repeat(constant, len(y), axis=0), sample_weight)


def constant_prediction(dataset: Dataset, metric: Metric) -> NDArray[np.float64]:
    """Return the constant prediction that suits the metric, shape (1, K) or (1,)."""
    weight = dataset.sample_weight
    if dataset.problem.is_classification:
        counts = np.bincount(dataset.y, weights=weight, minlength=dataset.n_classes)
        return (counts / counts.sum())[None, :]
    constants = [np.average(dataset.y, weights=weight), np.median(dataset.y)]

    def on_search_rows(constant: float) -> float:
        try:
            filled = np.full(len(dataset), constant)
            return metric.sign * score_predictions(metric, dataset.y, filled, weight)
        except ValueError:
            return -np.inf

    return np.asarray([max(constants, key=on_search_rows)], dtype=np.float64)
