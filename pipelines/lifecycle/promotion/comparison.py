"""Compare two models on the same rows: the difference of their scores, with confidence bounds.

The bootstrap is paired: each sample of rows scores both models, so that difficulty that both share
cancels out (Efron 1979; pairing as in Koehn 2004, "Statistical significance tests for machine
translation evaluation"). Its spread is a standard error, from which the bounds follow by Student's
t: percentiles of samples would be too narrow with few rows or groups, and would tell nothing at
the strict levels of `espalier.pipelines.lifecycle.promotion.looks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.mixture_scorer import make_scorer
from espalier.pipelines.metrics.resampling import resampling_units
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import generator

SAMPLES = 1000
FEWEST_SAMPLES = 400
# Largest product of rows and bootstrap samples; beyond it the number of samples is reduced.
LARGEST_WORK = 4_000_000
# Where a larger share of bootstrap samples has no score, a class has fewer than three rows or
# groups (a sample has none of three with probability exp(-3)): the others say little.
MOST_UNDEFINED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreComparison:
    """Scores of champion and challenger on the same rows, and their difference.

    Attributes
    ----------
    metric : str
        Name of the metric.
    higher_is_better : bool
        Direction of the metric.
    champion, challenger : float
        Scores, in the metric's own direction.
    difference : float
        How much better the challenger is: positive is better, whatever the metric's direction.
    low, high : float
        One-sided bounds of the difference; each holds with the requested confidence. Infinite
        where all rows are of one group.
    n_rows : int
        Number of rows.
    n_groups : int or None
        Number of groups; None if rows do not belong together.
    """

    metric: str
    higher_is_better: bool
    champion: float
    challenger: float
    difference: float
    low: float
    high: float
    n_rows: int
    n_groups: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceComparison:
    """The comparison of champion and challenger on one slice.

    Attributes
    ----------
    column, value : str
        The slice: rows with this value in this column; ``(others)`` for the pooled small slices.
    n_rows : int
        Number of rows.
    comparison : ScoreComparison or None
        The comparison; None if the metric is not defined on these rows.
    """

    column: str
    value: str
    n_rows: int
    comparison: ScoreComparison | None


def compare_scores(
    metric: Metric,
    problem: ProblemKind,
    y: NDArray[Any],
    champion: NDArray[Any],
    challenger: NDArray[Any],
    *,
    seed: int,
    confidence: float = 0.95,
    groups: NDArray[Any] | None = None,
    sample_weight: NDArray[Any] | None = None,
    samples: int = SAMPLES,
) -> ScoreComparison | None:
    """Compare the scores of challenger and champion on the same rows.

    Parameters
    ----------
    metric : Metric
        The metric to compare.
    problem : ProblemKind
        The kind of problem.
    y : array, shape (n_rows,)
        Class codes or values.
    champion, challenger : array, shape (n_rows, n_classes) or (n_rows,)
        Predictions of the same rows.
    seed : int
        Seed of the bootstrap samples.
    confidence : float
        Confidence level of each bound, in (0.5, 1).
    groups : array or None, shape (n_rows,)
        Rows with the same code belong together and are drawn together.
    sample_weight : array or None, shape (n_rows,)
        Weight of each row; None for equal weights.
    samples : int
        Number of bootstrap samples; reduced to no less than 400 if there are very many rows.

    Returns
    -------
    ScoreComparison or None
        None where the metric is not defined on these rows, or a class has fewer than about three
        rows or groups.
    """
    if not 0.5 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0.5 and 1, not {confidence}")
    n_rows = len(y)
    if n_rows == 0 or len(champion) != n_rows or len(challenger) != n_rows:
        raise ValueError(
            f"{n_rows} targets, {len(champion)} and {len(challenger)} predictions; one a row"
        )
    if not (np.isfinite(champion).all() and np.isfinite(challenger).all()):
        return None
    scorer = make_scorer(metric, y, problem, sample_weight)
    old, new = scorer.reduce(champion), scorer.reduce(challenger)
    score_old, score_new = scorer.score(old, None), scorer.score(new, None)
    if not (np.isfinite(score_old) and np.isfinite(score_new)):
        return None
    units = resampling_units(n_rows, groups, sample_weight)
    rng = generator(seed, "promotion", "bootstrap")
    n_samples = min(samples, max(FEWEST_SAMPLES, LARGEST_WORK // n_rows))
    differences = np.empty(n_samples)
    for at in range(n_samples):
        rows = units.draw(rng)
        differences[at] = scorer.score(new, rows) - scorer.score(old, rows)
    defined = differences[np.isfinite(differences)]
    if len(defined) <= (1.0 - MOST_UNDEFINED) * n_samples:
        return None
    difference = score_new - score_old
    half = units.half_width(defined, confidence)
    return ScoreComparison(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        champion=metric.sign * score_old,
        challenger=metric.sign * score_new,
        difference=difference,
        low=difference - half,
        high=difference + half,
        n_rows=n_rows,
        n_groups=units.n_groups,
    )


def compare_slices(
    metric: Metric,
    problem: ProblemKind,
    y: NDArray[Any],
    champion: NDArray[Any],
    challenger: NDArray[Any],
    *,
    slices: Mapping[str, Mapping[str, NDArray[np.int64]]],
    seed: int,
    confidence: float = 0.95,
    groups: NDArray[Any] | None = None,
    sample_weight: NDArray[Any] | None = None,
    samples: int = SAMPLES,
) -> tuple[SliceComparison, ...]:
    """Compare the scores on each slice, columns and values in the given order.

    Parameters
    ----------
    metric, problem, y, champion, challenger, seed, confidence, groups, sample_weight, samples
        As for `compare_scores`.
    slices : mapping of column to (mapping of value to array of int64)
        Row positions of each slice, from
        `espalier.pipelines.data.slices.find_slices`.
    """
    found = []
    for column, values in slices.items():
        for value, rows in values.items():
            outcome = compare_scores(
                metric,
                problem,
                y[rows],
                champion[rows],
                challenger[rows],
                seed=seed,
                confidence=confidence,
                groups=None if groups is None else groups[rows],
                sample_weight=None if sample_weight is None else sample_weight[rows],
                samples=samples,
            )
            found.append(
                SliceComparison(column=column, value=value, n_rows=len(rows), comparison=outcome)
            )
    return tuple(found)
