"""Nested validation: scores of combiners on rows they were not fitted to, with standard errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combination import Combination, Floats
from espalier.pipelines.ensemble.combiners import Combiner, CombinerSettings
from espalier.pipelines.ensemble.library import Library
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.mixture_scorer import MixtureScorer, make_scorer
from espalier.pipelines.metrics.resampling import resampling_units
from espalier.pipelines.seeds import generator

BOOTSTRAP_SAMPLES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedScore:
    """The nested score of a combiner, and its difference from the best combiner's.

    Attributes
    ----------
    score : float
        Larger is better; minus infinity if the metric is not defined.
    behind : float
        How much worse it is than the best score, 0 for the best.
    standard_error : float
        Standard error of ``behind``.
    """

    score: float
    behind: float
    standard_error: float


def nested_rules(
    combiner: Combiner, library: Library, blocks: NDArray[np.int64], settings: CombinerSettings
) -> list[Combination]:
    """Return one fit per block, in their order, each to the rows of all other blocks."""
    return [
        combiner.fit(library.part(np.flatnonzero(blocks != block)), settings)
        for block in np.unique(blocks)
    ]


def nested_predictions(
    rules: Sequence[Combination], library: Library, blocks: NDArray[np.int64]
) -> Floats:
    """Return predictions of every row by the fit of `nested_rules` that left out its block."""
    combined = np.full(library.predictions.shape[1:], np.nan)
    for block, rule in zip(np.unique(blocks), rules, strict=True):
        left_out = np.flatnonzero(blocks == block)
        kept = [position for position, weight in enumerate(rule.weights) if weight > 0]
        combined[left_out] = rule.keep(kept).apply(
            [library.predictions[position, left_out] for position in kept]
        )
    return combined


def nested_scores(
    predictions: Sequence[Floats],
    library: Library,
    blocks: NDArray[np.int64],
    metric: Metric,
    seed: int,
) -> list[NestedScore]:
    """Return the nested score of each combiner's predictions.

    Scores are means over blocks: predictions of different blocks come from different fits, whose
    probabilities need not be comparable. The standard error is the standard deviation of the
    difference over bootstrap samples of the rows, or of whole groups, which are the same for both
    combiners.
    """
    scorer = make_scorer(metric, library.y, library.problem, library.sample_weight)
    reduced = [scorer.reduce(part) for part in predictions]
    parts = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    scores = np.asarray([_mean_score(scorer, part, parts) for part in reduced])
    scores = np.where(np.isfinite(scores), scores, -np.inf)
    best = int(np.argmax(scores))
    rng = generator(seed, "ensemble", "bootstrap")
    sampled = np.empty((BOOTSTRAP_SAMPLES, len(reduced)))
    units = resampling_units(len(library.y), library.groups)
    for sample in range(BOOTSTRAP_SAMPLES):
        if library.groups is None:
            drawn = [rows[rng.integers(0, len(rows), size=len(rows))] for rows in parts]
        else:
            drawn = _drawn_blocks(units.draw(rng), blocks)
        sampled[sample] = [_mean_score(scorer, part, drawn) for part in reduced]
    gaps = sampled[:, [best]] - sampled
    # Of few groups, samples vary less than groups do.
    scale = 1.0 if units.n_groups is None else np.sqrt(units.n_groups / max(units.n_groups - 1, 1))
    errors = np.zeros(len(reduced))
    for position in range(len(reduced)):
        known = gaps[np.isfinite(gaps[:, position]), position]
        errors[position] = scale * known.std() if known.size else 0.0
    return [
        NestedScore(
            score=float(scores[position]),
            behind=float(scores[best] - scores[position]) if np.isfinite(scores[best]) else 0.0,
            standard_error=float(errors[position]),
        )
        for position in range(len(reduced))
    ]


def _drawn_blocks(rows: NDArray[np.int64], blocks: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return drawn rows by their blocks; a block of which no group was drawn is left out."""
    there = blocks[rows]
    return [rows[there == block] for block in np.unique(there)]


def _mean_score(
    scorer: MixtureScorer, reduced: Floats, parts: Sequence[NDArray[np.int64]]
) -> float:
    """Return the mean score over the blocks on which the metric is defined; else of all rows."""
    scores = np.asarray([scorer.score(reduced, rows) for rows in parts])
    known = scores[np.isfinite(scores)]
    return float(known.mean()) if known.size else scorer.score(reduced, np.concatenate(parts))
