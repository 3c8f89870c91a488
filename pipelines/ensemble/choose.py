"""Choose the combiner of the final model, on rows that no combiner was fitted to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.ensemble.combiner_comparison import (
    CombinerComparison,
    CombinerScore,
    NestedPredictions,
    compare_combiners,
)
from espalier.pipelines.ensemble.combiners import COMBINERS, SINGLE, Combiner, CombinerSettings
from espalier.pipelines.ensemble.library import Library, build_library
from espalier.pipelines.ensemble.row_samples import sampled_rows
from espalier.pipelines.members.cost import RefitTime
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.trials.row_predictions import Predictions, common_rows
from espalier.pipelines.trials.trial import TrialResult

# Cells (rows x columns in link space) that decide between the combiners, and that the winner's
# weights are fitted to; more where there are many classes (`row_samples`). The second is larger
# because it is paid once.
DECISION_CELLS = 12_000
FITTING_CELLS = 40_000
# Below this many rows a decision on them is noise, and the nested fits would see too few.
FEWEST_DECISION_ROWS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleChoice:
    """The members of the final model with their weights, and how they were chosen.

    Attributes
    ----------
    members : tuple of (int, float)
        Trial number and weight of each member, heaviest first.
    method : str
        Name of the combiner.
    rule : Combination
        The same weights in the same order, with the space in which predictions are combined.
    cv_score : float
        The metric of the combiner on rows that it was not fitted to.
    combiners : tuple of CombinerScore
        Every combiner that was tried, best first.
    nested : NestedPredictions or None
        Predictions of rows that the combiner was not fitted to; None for a single trial, whose
        out-of-fold predictions serve the same purpose.
    """

    members: tuple[tuple[int, float], ...]
    method: str
    rule: Combination
    cv_score: float
    combiners: tuple[CombinerScore, ...] = ()
    nested: NestedPredictions | None = field(default=None, compare=False, repr=False)

    @property
    def combination(self) -> str:
        """Name of the space in which predictions are combined: ``probability`` or ``link``."""
        return str(self.rule.space)

    @property
    def intercept(self) -> tuple[float, ...]:
        """The constant added in link space; empty in probability space."""
        return self.rule.intercept

    @property
    def weights(self) -> dict[int, float]:
        """Each member's share of the total weight, by trial number."""
        total = sum(weight for _, weight in self.members)
        return {number: weight / total for number, weight in self.members}


def choose_ensemble(
    results: Sequence[TrialResult],
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    metric: Metric,
    seed: int,
    max_members: int = 12,
    candidates_cap: int = 40,
    combiners: Sequence[Combiner] = COMBINERS,
    deadline: Deadline | None = None,
    refit_time: RefitTime | None = None,
) -> EnsembleChoice:
    """Return the members and weights of the best combiner.

    Combiners are compared by nested validation: each is fitted to most of the out-of-fold rows and
    predicts the others, block by block. The mean of the combiners is chosen unless it is clearly
    worse than the best; a single model is chosen only if it is clearly better than every ensemble
    (`espalier.pipelines.ensemble.combiner_comparison`). The chosen one is then fitted to all rows.

    Parameters
    ----------
    results : sequence of TrialResult
        All trials of the run.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number.
    dataset : Dataset
        The search rows.
    metric : Metric
        The metric that decides.
    seed : int
        The run's seed.
    max_members : int
        Largest number of members.
    candidates_cap : int
        Largest number of trials to consider.
    combiners : sequence of Combiner
        The combiners, in the order they are tried.
    deadline : Deadline or None
        Once it has passed, only the combiners that are already fitted are compared.
    refit_time : RefitTime or None
        If given, members are chosen so that all of them can be refitted in this time.

    Raises
    ------
    SearchFailedError
        No trial succeeded.
    """
    library = build_library(
        results,
        predictions,
        dataset=dataset,
        metric=metric,
        cap=candidates_cap,
        max_rows=sampled_rows(FITTING_CELLS, dataset.n_classes),
        seed=seed,
    )
    settings = CombinerSettings(
        metric=metric, max_members=max_members, seed=seed, deadline=deadline or NEVER
    )
    if len(library) == 1 or len(library.y) < FEWEST_DECISION_ROWS or len(combiners) == 1:
        return _single_choice(library, results)
    # The arrays are small: more BLAS threads would only slow each other down.
    with threadpool_limits(limits=1):
        decision_rows = sampled_rows(DECISION_CELLS, dataset.n_classes)
        library = _within(library, library.numbers, results, refit_time, each_alone=True)
        comparison = compare_combiners(library, settings, combiners, decision_rows=decision_rows)
        choice = _comparison_choice(comparison, library, results)
        members = tuple(number for number, _ in choice.members)
        fewer = _within(library, members, results, refit_time)
        if comparison is not None and len(fewer) < len(members):
            # Weights are fitted again to those that will be there, not only rescaled.
            again = compare_combiners(
                fewer, settings, (comparison.winner, SINGLE), decision_rows=decision_rows
            )
            if again is not None:
                choice = replace(
                    _comparison_choice(again, fewer, results), combiners=comparison.report
                )
        return _confirmed(choice, _single_choice(library, results), predictions, dataset, metric)


def _confirmed(
    choice: EnsembleChoice,
    single: EnsembleChoice,
    predictions: Mapping[int, Predictions],
    dataset: Dataset,
    metric: Metric,
) -> EnsembleChoice:
    """Return the choice, or the best single trial if that scores better on all validated rows.

    Of a large table the comparison uses a sample of the rows. If errors are so rare that the sample
    holds none, it cannot tell overconfidence from skill; all rows can, and most of them were not
    used before. Where the comparison used most rows, nothing is asked again: the best of many
    trials was picked by its score on these very rows and would win by luck.
    """
    if choice.members == single.members:
        return choice
    numbers = {number for each in (choice, single) for number, _ in each.members}
    seen = common_rows([predictions[number] for number in sorted(numbers)])
    compared = 0 if choice.nested is None else len(choice.nested.rows)
    if len(seen) <= 2 * compared:
        return choice
    weight = None if dataset.sample_weight is None else dataset.sample_weight[seen]
    scores = [
        metric.sign
        * score_predictions(
            metric,
            dataset.y[seen],
            each.rule.apply([predictions[number][seen] for number, _ in each.members]),
            weight,
        )
        for each in (choice, single)
    ]
    return choice if scores[0] >= scores[1] else replace(single, combiners=choice.combiners)


def _within(
    library: Library,
    numbers: Sequence[int],
    results: Sequence[TrialResult],
    refit_time: RefitTime | None,
    *,
    each_alone: bool = False,
) -> Library:
    """Return the library of the trials that can be refitted in time; all trials if none can."""
    by_number = {result.trial.number: result for result in results}
    wanted = [by_number[number] for number in numbers]
    if refit_time is None:
        kept = list(range(len(wanted)))
    elif each_alone:
        kept = [p for p, result in enumerate(wanted) if refit_time.affordable([result])]
    else:
        kept = refit_time.affordable(wanted)
    positions = [library.numbers.index(numbers[position]) for position in kept]
    return library.candidates(sorted(positions)) if positions else library


def choose_single(
    results: Sequence[TrialResult],
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    metric: Metric,
    seed: int,
) -> EnsembleChoice:
    """Choose the single best trial; parameters and errors are those of `choose_ensemble`."""
    library = build_library(
        results,
        predictions,
        dataset=dataset,
        metric=metric,
        cap=1,
        max_rows=sampled_rows(FITTING_CELLS, dataset.n_classes),
        seed=seed,
    )
    return _single_choice(library, results)


def single_choice(result: TrialResult, like: Combination | Library) -> EnsembleChoice:
    """Return the choice of one trial alone.

    Parameters
    ----------
    result : TrialResult
        A trial with a score.
    like : Combination or Library
        The rule of another choice on the same rows, or their predictions; problem and smallest
        probability are taken from it.
    """
    score = float(result.score if result.score is not None else np.nan)
    return EnsembleChoice(
        members=((result.trial.number, 1.0),),
        method=SINGLE.name,
        rule=Combination(
            problem=like.problem,
            space=CombinationSpace.PROBABILITY,
            weights=(1.0,),
            floor=like.floor,
        ),
        cv_score=score,
        combiners=(CombinerScore(SINGLE.name, score, 1),),
    )


def _comparison_choice(
    comparison: CombinerComparison | None, library: Library, results: Sequence[TrialResult]
) -> EnsembleChoice:
    """Return the result of a comparison as a choice; the best single trial if it has none."""
    single = _single_choice(library, results)
    if comparison is None:
        return single
    in_mean = comparison.rule.space is CombinationSpace.PROBABILITY
    if comparison.winner is SINGLE or (
        in_mean and sum(w > 0 for w in comparison.rule.weights) == 1
    ):
        return replace(single, cv_score=comparison.score, combiners=comparison.report)
    return _choice(comparison, library)


def _single_choice(library: Library, results: Sequence[TrialResult]) -> EnsembleChoice:
    """Return the choice of the library's first candidate alone, the one with the best score."""
    first = next(result for result in results if result.trial.number == library.numbers[0])
    return single_choice(first, library)


def _choice(comparison: CombinerComparison, library: Library) -> EnsembleChoice:
    rule = comparison.rule
    weights = np.asarray(rule.weights)
    order = [int(p) for p in np.argsort(-weights, kind="stable") if weights[p] > 0]
    return EnsembleChoice(
        members=tuple((library.numbers[p], float(weights[p])) for p in order),
        method=comparison.winner.name,
        rule=rule.keep(order),
        cv_score=comparison.score,
        combiners=comparison.report,
        nested=comparison.nested,
    )
