"""Reproduction: train a registered model again from its record, and compare both models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.finishing.refit import fold_jobs, member_job
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.members.member import Member
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.trials.trial import Trial, TrialResult

# Library versions and processors differ in rounding; another model differs by far more. These are
# the same tolerances as when a model is loaded.
RTOL = 1e-3
ATOL = 1e-4


class Agreement(StrEnum):
    """How well two results of the same computation agree; from best to worst."""

    IDENTICAL = "bit-identical"
    CLOSE = "equal within tolerance"
    DIFFERENT = "different"


def compare_arrays(before: ArrayLike, now: ArrayLike) -> Agreement:
    """Return how well two numeric arrays agree; NaN equals NaN.

    Within tolerance means a difference of at most 1e-4 of the largest number plus a thousandth.
    """
    old, new = np.asarray(before), np.asarray(now)
    if old.shape != new.shape:
        return Agreement.DIFFERENT
    if np.array_equal(old, new, equal_nan=True):
        return Agreement.IDENTICAL
    scale = float(np.nanmax(np.abs(old))) if old.size else 1.0
    close = np.allclose(new, old, rtol=RTOL, atol=ATOL * max(scale, 1e-12), equal_nan=True)
    return Agreement.CLOSE if close else Agreement.DIFFERENT


def worst(agreements: Sequence[Agreement]) -> Agreement:
    """Return the worst of several agreements; `IDENTICAL` for none."""
    order = list(Agreement)
    return max(agreements, key=order.index, default=Agreement.IDENTICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCheck:
    """The comparison of one member with its reproduction.

    Attributes
    ----------
    trial : int
        Number of its trial.
    family : str
        Its model family.
    score, score_now : float or None
        Cross-validated score, recorded and reproduced; None if the trial failed.
    scores : Agreement
        Agreement of the fold scores.
    predictions : Agreement
        Agreement of the refitted models' predictions of the hold-out rows.
    largest_difference : float
        Largest difference of these predictions; NaN without a refitted model.
    """

    trial: int
    family: str
    score: float | None
    score_now: float | None
    scores: Agreement
    predictions: Agreement
    largest_difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """The comparison of a model with its reproduction.

    Attributes
    ----------
    members : tuple of MemberCheck
        The members, in the model's order.
    answers : Agreement
        Agreement of the whole models' predictions of the hold-out rows.
    largest_difference : float
        Largest difference of these predictions.
    scores : NDArray
        Predictions of the reproduced model.
    """

    members: tuple[MemberCheck, ...]
    answers: Agreement
    largest_difference: float
    scores: NDArray[Any]

    @property
    def agreement(self) -> Agreement:
        """The worst agreement of everything that was compared."""
        every = [(each.scores, each.predictions) for each in self.members]
        return worst([self.answers, *(one for pair in every for one in pair)])


def reproduce(
    model: EnsembleModel,
    results: Sequence[TrialResult],
    executor: Executor,
    *,
    preparation: Preparation,
    holdout_rows: pd.DataFrame,
    folds: FoldPlan,
    on_all: Executor | None = None,
) -> Reproduction:
    """Evaluate and refit the members of ``model`` again, and compare the results.

    Parameters
    ----------
    model : EnsembleModel
        The registered model.
    results : sequence of TrialResult
        The recorded trials of the members, in the model's order.
    executor : Executor
        Holds the data the model was trained on; it must not have pending trials.
    preparation : Preparation
        The reproduced preparation of raw rows.
    holdout_rows : DataFrame, shape (n_holdout, n_raw_columns)
        Raw rows that both models predict.
    folds : FoldPlan
        The folds of all trials, for members that consist of fold models.
    on_all : Executor or None
        Holds search and hold-out rows, for a model that has learnt from both.
    """
    again = _evaluate(executor, [each.trial for each in results])
    fitted = _fit(executor, on_all or executor, model, results, folds)
    new = tuple(
        member if made is None else made for member, made in zip(model.members, fitted, strict=True)
    )
    remade = replace(model, preparation=preparation, members=new)
    before, now = model.predict_scores(holdout_rows), remade.predict_scores(holdout_rows)
    X, X_now = model.preparation.apply(holdout_rows), preparation.apply(holdout_rows)
    checks = []
    for member, refitted, result in zip(model.members, fitted, results, strict=True):
        repeated = again.get(result.trial.number)
        n_done = len(result.fold_scores)  # of a trial that stands in for a whole one, not all
        old_answers = member.predict_scores(X)
        new_answers = None if refitted is None else refitted.predict_scores(X_now)
        checks.append(
            MemberCheck(
                trial=member.number,
                family=member.family,
                score=result.score,
                score_now=None if repeated is None else repeated.score,
                scores=compare_arrays(
                    result.fold_scores, () if repeated is None else repeated.fold_scores[:n_done]
                ),
                predictions=Agreement.DIFFERENT
                if new_answers is None
                else compare_arrays(old_answers, new_answers),
                largest_difference=_difference(old_answers, new_answers),
            )
        )
    whole = Agreement.DIFFERENT if None in fitted else compare_arrays(before, now)
    return Reproduction(
        members=tuple(checks),
        answers=whole,
        largest_difference=_difference(before, now),
        scores=now,
    )


def _evaluate(executor: Executor, trials: Sequence[Trial]) -> dict[int, TrialResult]:
    """Run ``trials`` again without a time limit and return their results."""
    for trial in trials:
        executor.submit(replace(trial, seconds_limit=None))
    found: dict[int, TrialResult] = {}
    while executor.pending:
        for outcome in executor.wait(Deadline(None)):
            found[outcome.result.trial.number] = outcome.result
    return found


def _fit(
    executor: Executor,
    refitter: Executor,
    model: EnsembleModel,
    results: Sequence[TrialResult],
    folds: FoldPlan,
) -> list[Member | None]:
    """Fit the members again; None for a member of which a model is missing.

    ``executor`` fits the models of folds and ``refitter`` the others.
    """
    jobs = [
        _jobs(member, result, folds) for member, result in zip(model.members, results, strict=True)
    ]
    bags = [job for few in jobs for job in few if job.rows is not None]
    refits = [job for few in jobs for job in few if job.rows is None]
    of_folds = iter(executor.fit_members(bags, Deadline(None)))
    others = iter(refitter.fit_members(refits, Deadline(None)))
    fitted: list[Member | None] = []
    for member, few in zip(model.members, jobs, strict=True):
        made = [next(others if job.rows is None else of_folds) for job in few]
        candidates = tuple(each for each in made if each is not None)
        whole = len(candidates) == len(few)
        fitted.append(replace(member, candidates=candidates) if whole else None)
    return fitted


def _jobs(member: Member, result: TrialResult, folds: FoldPlan) -> list[MemberJob]:
    """Return the jobs that fit a member as before, with the rounds that its refit reached."""
    if member.of_folds:
        return fold_jobs(result, folds)[: len(member.candidates)]
    job = member_job(result)
    candidate: Candidate = member.candidates[0]
    if len(folds) == 1 and job.iterations is not None and candidate.iterations is None:
        return fold_jobs(result, folds)  # saved by a version that did not record fold models
    # Refits of other seeds follow the first.
    jobs = [job, *(replace(job, seed=each.seed) for each in member.candidates[1:])]
    return [_cut(job, each) for job, each in zip(jobs, member.candidates, strict=True)]


def _cut(job: MemberJob, candidate: Candidate) -> MemberJob:
    """Return the job with the rounds that its model reached."""
    rounds = getattr(candidate, "n_iterations_", None)
    return job if job.iterations is None or rounds is None else replace(job, iterations=rounds)


def _difference(before: NDArray[Any], now: NDArray[Any] | None) -> float:
    if now is None or before.shape != now.shape:
        return float("nan")
    return float(np.nanmax(np.abs(before - now))) if before.size else 0.0
