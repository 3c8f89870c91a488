"""Score the best trials again on folds drawn anew, so that the luckiest is not taken for the best.

The best of many trials on the same folds is partly the one that these folds suit (Cawley and Talbot
2010, "On over-fitting in model selection"). Where time is left after a search, the candidates of
the ensemble are evaluated on further draws of the folds, and scores and weights follow from these
alone. Draws are added until the noise between them is small beside what the rows leave open, which
no draw can lessen.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.data.splitting.splits import REPEAT_ROWS, plan_folds
from espalier.pipelines.ensemble.library import SIMILARITY_ROWS, build_library
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.evaluation.naming import short_error
from espalier.pipelines.evaluation.progress import TrialProgress, rows_of
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import TrialResult

_LOGGER = logging.getLogger(__name__)

MOST_WINNERS, FEWEST_WINNERS = 16, 8
"""Candidates that are scored again; with time for fewer there is no second look."""
FEWEST_TRIALS = 20
"""The best of fewer trials is not much luckier than the others."""
MOST_DRAWS = 5
ENOUGH = 0.25
"""Draws end when their noise is below this share of the standard error that the rows leave."""
AGREED, SPENT = "more draws would change little", "there was no time for more"
# Models wait in memory for their rows to be predicted.
_BATCH_MB = 256.0
# Estimates are rough, and what follows must not be late.
_SAFETY = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """The winners of a search, as further draws of the folds see them.

    Attributes
    ----------
    results : tuple of TrialResult
        The winners, each with its mean score of the new folds.
    predictions : mapping of int to array
        Their new out-of-fold predictions, averaged over the draws, by trial number.
    n_draws : int
        Draws of the folds, the search's own not counted.
    said : str
        For people: what was done, and why not more.
    """

    results: tuple[TrialResult, ...]
    predictions: Mapping[int, Predictions] = field(repr=False)
    n_draws: int
    said: str


@dataclass(slots=True)
class _Winner:
    """A trial with what the draws so far say of it: the scores of their folds, and predictions."""

    result: TrialResult
    progress: TrialProgress
    draws: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, plan: FoldPlan, scores: Sequence[float], predictions: Sequence[Any]) -> None:
        """Add a draw."""
        for fold, score, part in zip(plan, scores, predictions, strict=True):
            self.progress.add_fold(
                fold.valid, part, score, fit_seconds=0.0, predict_seconds=0.0, iterations=None
            )
        self.draws.append(tuple(scores))


def second_look(
    executor: Executor,
    history: History,
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    folds: FoldPlan,
    seed: int,
    until: Deadline,
) -> SecondLook | None:
    """Score the best trials again until the draws agree or the time is up.

    None where there is nothing to learn or no time to learn it: without a clock (how fast a machine
    is must not decide), with times (there is one past), with a single split, with few trials, for
    pictures, and where one draw would take too long.

    Parameters
    ----------
    executor : Executor
        Fits the models; it must not have pending trials.
    history : History
        All trials.
    predictions : mapping of int to array
        Their out-of-fold predictions.
    dataset : Dataset
        The search rows.
    folds : FoldPlan
        The folds of the search.
    seed : int
        The run's seed.
    until : Deadline
        When it must be over.
    """
    n_folds = len(folds) // (2 if len(dataset) < REPEAT_ROWS else 1)
    few = n_folds < 2 or len(history) < FEWEST_TRIALS or not history.successes
    if few or until.at is None or dataset.times is not None or dataset.shape.is_of_pictures:
        return None

    def draw_of(number: int) -> FoldPlan:
        own = integer_seed(seed, "second look", number)
        return plan_folds(dataset, seed=own, n_folds=n_folds)

    plan = draw_of(0)
    validated = rows_of(plan, len(dataset))
    winners = [
        _Winner(each, TrialProgress(n_rows=len(dataset), validated=validated))
        for each in _best(history, predictions, dataset, seed)
    ]
    winners = _in_time(winners, plan, executor.n_workers, until)
    if len(winners) < FEWEST_WINNERS:
        return None
    _evaluate(executor, winners, plan, dataset, history.metric, until)
    winners = [each for each in winners if each.draws]
    if len(winners) < FEWEST_WINNERS:
        return None
    n_draws, ended = 1, f"{MOST_DRAWS} are enough"
    while n_draws < MOST_DRAWS:
        if draws_agree(np.array([each.draws for each in winners])):
            ended = AGREED
            break
        if len(_in_time(winners, plan, executor.n_workers, until)) < len(winners):
            ended = SPENT
            break
        _evaluate(executor, winners, draw_of(n_draws), dataset, history.metric, until)
        if any(len(each.draws) <= n_draws for each in winners):
            ended = SPENT
            break
        n_draws += 1
    return SecondLook(
        results=tuple(
            replace(each.result, score=float(np.mean(each.progress.scores))) for each in winners
        ),
        predictions={
            each.result.trial.number: made
            for each in winners
            if (made := each.progress.out_of_fold()) is not None
        },
        n_draws=n_draws,
        said=f"the best {len(winners)} models were scored again on {n_draws} new "
        f"draw{'' if n_draws == 1 else 's'} of the folds; {ended}",
    )


def draws_agree(scores: NDArray[np.float64]) -> bool:
    """Whether draws differ little beside the error that the rows themselves leave.

    What all winners share, as easy folds, is no difference between them, and is left out.

    Parameters
    ----------
    scores : array, shape (k, d, f)
        Score of each winner on each draw's folds.
    """
    if scores.shape[1] < 2:
        return False
    own = scores - scores.mean(axis=0)
    noise = own.mean(axis=2).var(axis=1, ddof=1).mean() / scores.shape[1]
    of_rows = own.var(axis=2, ddof=1).mean() / scores.shape[2]
    return bool(noise <= ENOUGH**2 * of_rows)


def _best(
    history: History, predictions: Mapping[int, Predictions], dataset: Dataset, seed: int
) -> list[TrialResult]:
    """Return the candidates of an ensemble, best first: good ones, of every family, and unlike."""
    library = build_library(
        history.ordered,
        predictions,
        dataset=dataset,
        metric=history.metric,
        cap=MOST_WINNERS,
        max_rows=SIMILARITY_ROWS,
        seed=seed,
    )
    by_number = {each.trial.number: each for each in history.successes}
    return [by_number[number] for number in library.numbers]


def _in_time(
    winners: Sequence[_Winner], plan: FoldPlan, n_workers: int, until: Deadline
) -> list[_Winner]:
    """Return as many of the first winners as can be expected to be done with a draw in time."""
    left = until.seconds_left
    n_rows = sum(len(fold.valid) for fold in plan)
    fitting: list[_Winner] = []
    for each in winners:
        # Workers fit side by side; rows are predicted here.
        predicting = n_rows * (each.result.predict_ms_per_row or 0.0) / 1000.0
        left -= _SAFETY * (len(plan) * each.result.fit_seconds / n_workers + predicting)
        if left < 0:
            break
        fitting.append(each)
    return fitting


def _evaluate(
    executor: Executor,
    winners: Sequence[_Winner],
    plan: FoldPlan,
    dataset: Dataset,
    metric: Metric,
    until: Deadline,
) -> None:
    """Add a draw to each winner; not to those of which a fold failed or was late."""
    for batch in _batches(winners, len(plan)):
        jobs = [
            MemberJob(
                trial_number=each.result.trial.number,
                configuration=each.result.trial.configuration,
                # A seed may have been lucky too.
                seed=integer_seed(each.result.trial.seed, "second look", len(each.draws)),
                rows=fold.train,
            )
            for each in batch
            for fold in plan
        ]
        models = iter(executor.fit_members(jobs, until))
        for each in batch:
            own = [next(models) for _ in plan]
            there = [model for model in own if model is not None]
            if len(there) < len(own):
                continue
            try:
                _add_draw(each, there, plan, dataset, metric)
            except Exception as problem:  # no reason to lose the run: it has its earlier scores
                number = each.result.trial.number
                _LOGGER.warning("trial %d was not scored again: %s", number, short_error(problem))


def _add_draw(
    winner: _Winner,
    models: Sequence[Candidate],
    plan: FoldPlan,
    dataset: Dataset,
    metric: Metric,
) -> None:
    parts, scores = [], []
    for fold, model in zip(plan, models, strict=True):
        predicted = model.predict_scores(dataset.X.iloc[fold.valid].reset_index(drop=True))
        weight = None if dataset.sample_weight is None else dataset.sample_weight[fold.valid]
        parts.append(predicted)
        scores.append(score_predictions(metric, dataset.y[fold.valid], predicted, weight))
    if np.isfinite(scores).all():
        winner.add(plan, scores, parts)


def _batches(winners: Sequence[_Winner], n_folds: int) -> Iterator[list[_Winner]]:
    """Yield the winners in groups whose models can be in memory at the same time."""
    batch: list[_Winner] = []
    size = 0.0
    for each in winners:
        more = n_folds * (each.result.size_mb or 0.0)
        if batch and size + more > _BATCH_MB:
            yield batch
            batch, size = [], 0.0
        batch.append(each)
        size += more
    if batch:
        yield batch
