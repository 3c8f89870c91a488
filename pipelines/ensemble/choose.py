"""Which combiner ships: decided on rows that none of them was fitted to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipelines.budget import Deadline
from pipelines.data.dataset import Dataset
from pipelines.ensemble.blocks import row_blocks
from pipelines.ensemble.combination import Combination, CombinationSpace, Floats
from pipelines.ensemble.library import Library, build_library
from pipelines.ensemble.nested import Standing, compare, nested_predictions
from pipelines.ensemble.rivals import RIVALS, SINGLE, Rival, RivalSettings
from pipelines.evaluation.metrics import METRICS, Metric
from pipelines.trial import TrialResult

# Parts of the rows that are left out in turn: fewer where each is large enough to decide.
OUTER_BLOCKS = 5
OUTER_BLOCKS_LARGE = 3
LARGE_ROWS = 3_000
# Cells (rows x columns in link space) that decide between the rivals, and that the winner's
# weights are fitted to. The second is larger because it is paid once.
DECISION_CELLS = 12_000
FITTING_CELLS = 40_000
# However many classes there are, so many rows are used where they exist.
FEWEST_SAMPLED_ROWS = 800
# Below this many rows a decision on them is noise, and the nested fits would see too few.
FEWEST_DECISION_ROWS = 40

# Standard errors that a combiner may be behind the best one and still win by being simpler. A
# single model must be nearer: on rows that decide little, an ensemble is the better bet
# (docs/decisions/0005-one-model-must-be-level.md).
TOLERANCE = 1.0
SINGLE_TOLERANCE = 0.25


class RivalScore(NamedTuple):
    """How a combiner did on rows that it was not fitted to.

    Attributes
    ----------
    name : str
        Of the combiner.
    score : float
        The metric in its own direction.
    n_members : int
        Members it would ship.
    behind : float
        How far it is behind the best one, 0 for the best.
    standard_error : float
        Of ``behind``, by a paired bootstrap over rows.
    """

    name: str
    score: float
    n_members: int
    behind: float = 0.0
    standard_error: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleChoice:
    """The members of the model that ships, and how it was chosen.

    Attributes
    ----------
    members : tuple of (int, float)
        Trial number and weight of each member, heaviest first.
    method : str
        Name of the combiner.
    rule : Combination
        The members' weights again, in the same order, with the space they are added up in.
    cv_score : float
        The metric of the combiner on rows that it was not fitted to.
    rivals : tuple of RivalScore
        Every combiner that was tried, best first.
    """

    members: tuple[tuple[int, float], ...]
    method: str
    rule: Combination
    cv_score: float
    rivals: tuple[RivalScore, ...] = ()

    @property
    def combination(self) -> str:
        """``probability`` or ``link``."""
        return str(self.rule.space)

    @property
    def intercept(self) -> tuple[float, ...]:
        """What is added in link space; empty in probability space."""
        return self.rule.intercept

    @property
    def weights(self) -> dict[int, float]:
        """Share of the total weight by trial number."""
        total = sum(weight for _, weight in self.members)
        return {number: weight / total for number, weight in self.members}


def build_ensemble(
    results: Sequence[TrialResult],
    predictions: Mapping[int, NDArray[Any]],
    *,
    dataset: Dataset,
    metric: Metric,
    seed: int,
    max_members: int = 12,
    candidates_cap: int = 40,
    rivals: Sequence[Rival] = RIVALS,
    deadline: Deadline | None = None,
) -> EnsembleChoice:
    """Return the members and weights of the best combiner.

    Every rival is fitted on most of the out-of-fold rows and predicts the others, part by part.
    The simplest one within one standard error of the best wins and is fitted to all rows; the
    best single model wins within a quarter of one.

    Parameters
    ----------
    results : sequence of TrialResult
        All trials of the run.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number.
    dataset : Dataset
        The search rows.
    metric : Metric
        What counts.
    seed : int
        The run's seed.
    max_members : int
        Members at most.
    candidates_cap : int
        Trials that are considered at most.
    rivals : sequence of Rival
        The combiners, in the order they are tried.
    deadline : Deadline or None
        No further rival is tried once it has passed.

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
        max_rows=_sampled_rows(FITTING_CELLS, dataset),
        seed=seed,
    )
    settings = RivalSettings(metric=metric, max_members=max_members, seed=seed)
    if len(library) == 1 or len(library.y) < FEWEST_DECISION_ROWS or len(rivals) == 1:
        return _single_choice(library, results)
    # The arrays are small: more BLAS threads would only wait for each other.
    with threadpool_limits(limits=1):
        return _best_rival(library, results, dataset, settings, rivals, deadline)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contender:
    """A rival with what it predicts for rows it was not fitted to, and its fit to all rows."""

    rival: Rival
    nested: Floats
    rule: Combination


def _best_rival(
    library: Library,
    results: Sequence[TrialResult],
    dataset: Dataset,
    settings: RivalSettings,
    rivals: Sequence[Rival],
    deadline: Deadline | None,
) -> EnsembleChoice:
    """Return the choice of the simplest rival that cannot be told from the best."""
    metric, seed = settings.metric, settings.seed
    decision = library
    decision_rows = _sampled_rows(DECISION_CELLS, dataset)
    if len(library.y) > decision_rows:
        n_parts = int(np.ceil(len(library.y) / decision_rows))
        decision = library.part(np.flatnonzero(row_blocks(library, n_parts, seed=seed) == 0))
    n_blocks = OUTER_BLOCKS if len(decision.y) < LARGE_ROWS else OUTER_BLOCKS_LARGE
    # Another seed than the rivals' inner blocks, or the two would nest into each other.
    blocks = row_blocks(decision, n_blocks, seed=seed + 1)
    found: list[_Contender] = []
    for rival in rivals:
        if found and deadline is not None and deadline.passed:
            break
        try:
            nested = nested_predictions(rival, decision, blocks, settings)
            rule = rival.fit(library, settings)
        except (ValueError, FloatingPointError, np.linalg.LinAlgError):
            # One combiner that cannot cope with these predictions must not cost the run.
            continue
        found.append(_Contender(rival=rival, nested=nested, rule=rule))
    if not found:
        return _single_choice(library, results)
    standings = compare([each.nested for each in found], decision, blocks, metric, seed)
    if not any(np.isfinite(standing.score) for standing in standings):
        return _single_choice(library, results)
    level = _level(found, standings)
    if metric.needs == "labels" and len(level) > 1:
        # Labels tell few combiners apart; the probabilities that they come from tell more.
        finer = compare(
            [each.nested for each in level], decision, blocks, METRICS["log_loss"], seed
        )
        level = _level(level, finer)
    winner = min(level, key=lambda each: each.rival.simplicity)
    report = _report(found, standings, metric)
    score = next(line.score for line in report if line.name == winner.rival.name)
    alone = sum(weight > 0 for weight in winner.rule.weights) == 1
    if winner.rival is SINGLE or (alone and winner.rule.space is CombinationSpace.PROBABILITY):
        return replace(_single_choice(library, results), cv_score=score, rivals=report)
    return _choice(winner.rival.name, library, winner.rule, score, report)


def _level(found: Sequence[_Contender], standings: Sequence[Standing]) -> list[_Contender]:
    """Return the contenders that cannot be told from the best one."""
    return [
        each
        for each, standing in zip(found, standings, strict=True)
        if standing.within(SINGLE_TOLERANCE if each.rival is SINGLE else TOLERANCE)
    ]


def _report(
    found: Sequence[_Contender], standings: Sequence[Standing], metric: Metric
) -> tuple[RivalScore, ...]:
    """Return a line for each contender, best first."""
    lines = [
        RivalScore(
            name=each.rival.name,
            score=metric.sign * standing.score,
            n_members=sum(weight > 0 for weight in each.rule.weights),
            behind=standing.behind,
            standard_error=standing.standard_error,
        )
        for each, standing in zip(found, standings, strict=True)
    ]
    return tuple(sorted(lines, key=lambda line: line.behind))


def choose_single(
    results: Sequence[TrialResult],
    predictions: Mapping[int, NDArray[Any]],
    *,
    dataset: Dataset,
    metric: Metric,
    seed: int,
) -> EnsembleChoice:
    """Return the best trial alone; parameters and errors as in `build_ensemble`."""
    library = build_library(
        results,
        predictions,
        dataset=dataset,
        metric=metric,
        cap=1,
        max_rows=_sampled_rows(FITTING_CELLS, dataset),
        seed=seed,
    )
    return _single_choice(library, results)


def _sampled_rows(cells: int, dataset: Dataset) -> int:
    """Return how many rows of a dataset stay within so many cells."""
    width = dataset.n_classes if dataset.n_classes > 2 else 1
    return max(FEWEST_SAMPLED_ROWS, cells // width)


def _single_choice(library: Library, results: Sequence[TrialResult]) -> EnsembleChoice:
    """Return the leaderboard's first trial alone: candidates are ordered by their score."""
    number = library.numbers[0]
    score = next(result.score for result in results if result.trial.number == number)
    rule = Combination(
        problem=library.problem,
        space=CombinationSpace.PROBABILITY,
        weights=(1.0,),
        floor=library.floor,
    )
    return EnsembleChoice(
        members=((number, 1.0),),
        method=SINGLE.name,
        rule=rule,
        cv_score=float(score if score is not None else np.nan),
        rivals=(RivalScore(SINGLE.name, float(score if score is not None else np.nan), 1),),
    )


def _choice(
    name: str,
    library: Library,
    rule: Combination,
    score: float,
    report: tuple[RivalScore, ...],
) -> EnsembleChoice:
    weights = np.asarray(rule.weights)
    order = [int(p) for p in np.argsort(-weights, kind="stable") if weights[p] > 0]
    return EnsembleChoice(
        members=tuple((library.numbers[p], float(weights[p])) for p in order),
        method=name,
        rule=rule.keep(order),
        cv_score=score,
        rivals=report,
    )
