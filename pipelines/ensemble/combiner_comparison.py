"""Compare the combiners by nested validation and choose one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combination import Combination, Floats
from espalier.pipelines.ensemble.combiners import BLEND, SINGLE, Combiner, CombinerSettings, mean_of
from espalier.pipelines.ensemble.library import Library
from espalier.pipelines.ensemble.nested_validation import (
    NestedScore,
    nested_predictions,
    nested_rules,
    nested_scores,
)
from espalier.pipelines.ensemble.row_blocks import independent_units, row_blocks
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.metrics.metric import Metric

# Parts of the rows that are left out in turn: fewer where each is large enough to decide.
OUTER_BLOCKS = 5
OUTER_BLOCKS_LARGE = 3
LARGE_ROWS = 3_000
# In standard errors. A simpler combiner is preferred if it is at most `TOLERANCE` worse than the
# best. A single model must lead by `SINGLE_LEAD`: if few rows decide, an ensemble is the better bet
# (docs/decisions/0029-one-model-must-lead.md). The mean of the combiners is chosen unless it is
# more than `BLEND_BEHIND` worse: it depends least on chance (0035-the-mean-of-combiners.md).
TOLERANCE = 0.25
SINGLE_LEAD = 1.0
BLEND_BEHIND = 2.0


class CombinerScore(NamedTuple):
    """A combiner's score on rows that it was not fitted to.

    Attributes
    ----------
    name : str
        Name of the combiner.
    score : float
        The metric in its own direction.
    n_members : int
        Number of members with weight.
    behind : float
        How much worse the score is than the best combiner's, 0 for the best.
    standard_error : float
        Standard error of ``behind``, by a paired bootstrap over rows, or over groups if there are
        any.
    """

    name: str
    score: float
    n_members: int
    behind: float = 0.0
    standard_error: float = 0.0


class NestedPredictions(NamedTuple):
    """A combiner's predictions of rows that its weights were not fitted to.

    Attributes
    ----------
    rows : array of int, shape (n,)
        Positions in the dataset.
    predictions : array, shape (n, K) or (n,)
        Probabilities or values.
    """

    rows: NDArray[Any]
    predictions: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinerComparison:
    """The chosen combiner, and the scores of all.

    Attributes
    ----------
    winner : Combiner
        The simplest combiner that is not significantly worse than the best.
    rule : Combination
        Its fit to all rows, one weight for each candidate of the library.
    score : float
        Its nested score, in the metric's own direction.
    nested : NestedPredictions
        Its predictions in the nested validation.
    report : tuple of CombinerScore
        The score of every combiner that was tried, best first.
    """

    winner: Combiner
    rule: Combination
    score: float
    nested: NestedPredictions
    report: tuple[CombinerScore, ...]


def compare_combiners(
    library: Library,
    settings: CombinerSettings,
    combiners: Sequence[Combiner],
    *,
    decision_rows: int,
) -> CombinerComparison | None:
    """Compare the combiners; return None if none can be scored, or none is fitted in time.

    None too if all rows are of one group: nothing can be left out.

    Parameters
    ----------
    library : Library
        The candidates.
    settings : CombinerSettings
        Settings of every combiner. Once their deadline has passed, only the combiners that are
        already fitted are compared.
    combiners : sequence of Combiner
        The combiners, in the order they are tried.
    decision_rows : int
        Largest number of rows to compare on; the chosen combiner is fitted to all rows.
    """
    metric, seed = settings.metric, settings.seed
    decision = library
    if len(library.y) > decision_rows:
        n_parts = int(np.ceil(len(library.y) / decision_rows))
        parts = row_blocks(library, n_parts, seed=seed, whole_groups=False)
        decision = library.part(np.flatnonzero(parts == 0))
    if independent_units(decision) < 2:
        return None
    n_blocks = OUTER_BLOCKS if len(decision.y) < LARGE_ROWS else OUTER_BLOCKS_LARGE
    # Another seed than the combiners' inner blocks, or the two would nest into each other.
    blocks = row_blocks(decision, n_blocks, seed=seed + 1)
    found: list[_FittedCombiner] = []
    for combiner in combiners:
        try:
            found.append(_fit_combiner(combiner, found, library, decision, blocks, settings))
        except TimeoutError:
            break
        except (ValueError, FloatingPointError, np.linalg.LinAlgError):
            # A combiner that fails on these predictions must not end the run.
            continue
    if not found:
        return None
    results = nested_scores([each.nested for each in found], decision, blocks, metric, seed)
    if not any(np.isfinite(result.score) for result in results):
        return None
    level = _level(found, results)
    if metric.needs == "labels" and len(level) > 1:
        # Labels tell few combiners apart; the probabilities that they come from tell more.
        finer = METRICS["log_loss"]
        predictions = [each.nested for each in level]
        level = _level(level, nested_scores(predictions, decision, blocks, finer, seed))
    winner = min(level, key=lambda each: each.combiner.simplicity)
    report = _report(found, results, metric)
    return CombinerComparison(
        winner=winner.combiner,
        rule=winner.rule,
        score=next(line.score for line in report if line.name == winner.combiner.name),
        nested=NestedPredictions(decision.rows, winner.nested),
        report=report,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _FittedCombiner:
    """A combiner with its nested fits, their predictions of left-out rows, and its fit to all."""

    combiner: Combiner
    nested_rules: tuple[Combination, ...]
    nested: Floats
    rule: Combination


def _fit_combiner(
    combiner: Combiner,
    found: Sequence[_FittedCombiner],
    library: Library,
    decision: Library,
    blocks: NDArray[np.int64],
    settings: CombinerSettings,
) -> _FittedCombiner:
    """Fit a combiner; a mean of others reuses their fits if they are among ``found``."""
    there = {each.combiner.name: each for each in found}
    parts = [there[part.name] for part in combiner.parts if part.name in there]
    if parts and len(parts) == len(combiner.parts):
        by_block = zip(*(part.nested_rules for part in parts), strict=True)
        rules = [mean_of(each, decision, settings) for each in by_block]
        rule = mean_of([part.rule for part in parts], library, settings)
    else:
        rules = nested_rules(combiner, decision, blocks, settings)
        rule = combiner.fit(library, settings)
    nested = nested_predictions(rules, decision, blocks)
    return _FittedCombiner(combiner=combiner, nested_rules=tuple(rules), nested=nested, rule=rule)


def _level(
    found: Sequence[_FittedCombiner], results: Sequence[NestedScore]
) -> list[_FittedCombiner]:
    """Return the combiners that may be chosen: those not significantly worse than the best.

    If the mean of the combiners is among them, it is returned alone. The single model is returned
    only if every ensemble of more than one member is at least `SINGLE_LEAD` standard errors worse
    than the best, or predicts the same as the single model.
    """
    pairs = list(zip(found, results, strict=True))
    single = [
        (each, result)
        for each, result in pairs
        if each.combiner is SINGLE and result.behind <= SINGLE_LEAD * result.standard_error
    ]
    is_best = any(_is_same(result) for _, result in single)
    near = [
        (each, result)
        for each, result in pairs
        if each.combiner is not SINGLE
        and (
            result.behind < SINGLE_LEAD * result.standard_error
            or (_is_same(result) and not is_best)
        )
        # An "ensemble" of one rescaled member has no advantage over the single model itself.
        and not (single and sum(weight > 0 for weight in each.rule.weights) == 1)
    ]
    if single and not near:
        return [each for each, _ in single]
    mean = [
        each
        for each, result in pairs
        if each.combiner is BLEND
        and result.behind <= BLEND_BEHIND * result.standard_error
        and sum(weight > 0 for weight in each.rule.weights) > 1
    ]
    if mean:
        return mean
    best = min(result.behind for _, result in near or pairs)
    return [
        each
        for each, result in near or pairs
        if result.behind - best <= TOLERANCE * result.standard_error
    ]


def _is_same(result: NestedScore) -> bool:
    """Whether the predictions equal the best combiner's: no difference, and no error of it."""
    return not result.behind and not result.standard_error


def _report(
    found: Sequence[_FittedCombiner], results: Sequence[NestedScore], metric: Metric
) -> tuple[CombinerScore, ...]:
    """Return the score of each combiner, best first."""
    lines = [
        CombinerScore(
            name=each.combiner.name,
            score=metric.sign * result.score,
            n_members=sum(weight > 0 for weight in each.rule.weights),
            behind=result.behind,
            standard_error=result.standard_error,
        )
        for each, result in zip(found, results, strict=True)
    ]
    return tuple(sorted(lines, key=lambda line: line.behind))
