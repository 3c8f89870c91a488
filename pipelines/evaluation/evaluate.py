"""Evaluate one trial: fit, score and time every fold; failures are returned, not raised."""

import time
from typing import TYPE_CHECKING, Any

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.splitting.folds import Fold
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.early_stopping import BeatenError, share_of, stop_if_beaten
from espalier.pipelines.evaluation.fold_models import served_folds
from espalier.pipelines.evaluation.forecast_context import (
    ForecastContext,
    fit_forecaster,
    run_origin,
)
from espalier.pipelines.evaluation.limits import (
    MemoryExceededError,
    MemoryWatch,
    TrialInterruptedError,
    interrupt_after,
    limit_threads,
    quiet_output,
)
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.evaluation.naming import short_error, worker_name
from espalier.pipelines.evaluation.progress import TrialProgress, rows_of
from espalier.pipelines.evaluation.taught_rows import taught_rows
from espalier.pipelines.evaluation.trial_context import TrialContext
from espalier.pipelines.evaluation.weighing import weigh_model
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialStatus

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate


def evaluate_trial(
    trial: Trial, context: TrialContext, *, deadline: Deadline | None = None
) -> TrialOutcome:
    """Evaluate a configuration on every fold; never raises.

    Parameters
    ----------
    trial : Trial
        The trial to evaluate, within ``trial.seconds_limit``.
    context : EvaluationContext
        The data, folds, metric and families.
    deadline : Deadline or None
        When the trial ends even if its own limit allows more.

    Returns
    -------
    TrialOutcome
        SUCCESS with scores and out-of-fold predictions (averaged over repeats), PRUNED or TIMEOUT
        with the scores of the folds that were finished, MEMOUT or FAILED with a one-line reason.
    """
    started = time.perf_counter()
    limit = min(
        float("inf") if trial.seconds_limit is None else trial.seconds_limit,
        float("inf") if deadline is None else deadline.seconds_left,
    )
    progress = _new_progress(context)
    memory = MemoryWatch(context.memory_limit_mb)
    status, error = TrialStatus.SUCCESS, None
    try:
        with (
            quiet_output(),
            limit_threads(context.n_threads),
            memory,
            interrupt_after(None if limit == float("inf") else limit),
        ):
            if isinstance(context, ForecastContext):
                _run_origins(trial, context, Deadline.after(limit), progress)
            else:
                _run_folds(trial, context, Deadline.after(limit), progress)
    except BeatenError as beaten:
        status, error = TrialStatus.PRUNED, str(beaten)
    except TrialInterruptedError:
        if len(progress.scores) < len(context.folds):  # else only its size is not known
            status, error = TrialStatus.TIMEOUT, _how_far(started, progress, context)
    except MemoryExceededError:
        status = TrialStatus.MEMOUT
        error = f"stopped at {memory.peak_mb:.0f} MiB of memory, over its limit"
    except TimeoutError as problem:
        if limit == float("inf"):  # raised by the model itself, such as a socket's
            status, error = TrialStatus.FAILED, short_error(problem)
        else:
            status, error = TrialStatus.TIMEOUT, _how_far(started, progress, context)
    except Exception as problem:  # a failed trial is data, whatever the model raised
        status = TrialStatus.MEMOUT if _is_out_of_memory(problem) else TrialStatus.FAILED
        error = short_error(problem)
    seconds = time.perf_counter() - started
    return progress.outcome(
        trial, status, error, seconds=seconds, worker=worker_name(), memory_mb=memory.peak_mb
    )


def _new_progress(context: TrialContext) -> TrialProgress:
    if isinstance(context, ForecastContext):
        return TrialProgress(n_rows=context.n_rows)
    n_rows = len(context.dataset)
    return TrialProgress(n_rows=n_rows, validated=rows_of(context.folds, n_rows))


def _how_far(started: float, progress: TrialProgress, context: TrialContext) -> str:
    seconds = time.perf_counter() - started
    done = len(progress.scores)
    return f"stopped after {seconds:.1f} s with {done} of {len(context.folds)} folds done"


def fit_member(
    job: MemberJob, context: TrialContext, *, deadline: Deadline | None = None
) -> "Candidate | Any":
    """Fit the configuration of ``job`` to the search rows, or to the whole panel; return it.

    Raises
    ------
    Exception
        Whatever fitting raises; TimeoutError when there is no model by the deadline.
    """
    seconds = None if deadline is None or deadline.at is None else deadline.seconds_left
    try:
        with (
            quiet_output(),
            limit_threads(context.n_threads),
            MemoryWatch(context.memory_limit_mb),
            interrupt_after(seconds),
        ):
            if isinstance(context, ForecastContext):
                return fit_forecaster(job, context, deadline)
            return _fit_candidate(job, context, deadline)
    except MemoryExceededError:
        raise MemoryError(f"trial {job.trial_number} needs more memory than its limit") from None
    except TrialInterruptedError:
        raise TimeoutError(f"no model of trial {job.trial_number} by the deadline") from None


def _fit_candidate(
    job: MemberJob, context: EvaluationContext, deadline: Deadline | None
) -> "Candidate":
    dataset = context.dataset
    part = dataset if job.rows is None else dataset.take(job.rows)
    candidate = _new_candidate(
        job.configuration,
        context,
        dataset.shape,
        job.seed,
        iterations=job.iterations,
        rank_share=job.rank_share,
        channel_share=job.channel_share,
        in_eight_bits=job.in_eight_bits,
    )
    if job.answers is not None:
        part = taught_rows(part, job.answers)
    return candidate.fit(
        part.X,
        part.y,
        sample_weight=part.sample_weight,
        groups=part.groups,
        times=part.times,
        deadline=deadline,
        parent=_own_fold_model(job, context),
    )


def _run_origins(
    trial: Trial, context: ForecastContext, deadline: Deadline, progress: TrialProgress
) -> None:
    """Fit and score a forecast at one origin after the other, the latest first.

    Only a family that can stop early gets a share of the time; the others need what they need.
    """
    n_origins = len(context.origins)
    anytime = context.learner(trial.configuration.family).anytime
    for place in range(n_origins):
        share = share_of(deadline, 1.0 / (n_origins - place)) if anytime else deadline
        run_origin(trial, context, place, share, progress)
        if place < n_origins - 1:
            so_far = sum(progress.scores) / len(progress.scores)
            stop_if_beaten(trial, context, place + 1, so_far)


def _run_folds(
    trial: Trial, context: EvaluationContext, deadline: Deadline, progress: TrialProgress
) -> None:
    """Fit and score the folds one after the other, and record them in ``progress``."""
    shape = context.dataset.shape
    n_folds = len(context.folds)
    n_kept = 0 if context.fold_models is None else served_folds(n_folds)
    kept: list[Candidate] = []
    parents = _parents(trial, context)
    for number, fold in enumerate(context.folds):
        if deadline.passed:
            raise TimeoutError
        candidate = _new_candidate(
            trial.configuration,
            context,
            shape,
            trial.seed,
            iterations=None if trial.variant is None else trial.variant.iterations,
            rank_share=None if trial.variant is None else trial.variant.rank_share,
            channel_share=None if trial.variant is None else trial.variant.channel_share,
            in_eight_bits=trial.variant is not None and trial.variant.in_eight_bits,
        )
        parent = parents[number] if number < len(parents) else None
        _run_fold(candidate, fold, context, deadline, n_folds - number, progress, parent)
        if number == 0:
            weigh_model(candidate, context.dataset.X.iloc[fold.valid[:1]], progress)
            whole = None if progress.size_mb is None else n_kept * progress.size_mb
            if context.fold_models is None or not context.fold_models.wants(whole):
                n_kept = 0  # all folds' models stay in memory until the last is scored
        if number < n_kept:
            kept.append(candidate)
        if number < n_folds - 1:
            so_far = sum(progress.scores) / len(progress.scores)
            stop_if_beaten(trial, context, number + 1, so_far)
    if kept and context.fold_models is not None:
        gain = context.metric.sign * sum(progress.scores) / n_folds
        context.fold_models.keep(trial, kept, gain=gain)


def _parents(trial: Trial, context: EvaluationContext) -> "tuple[Candidate, ...]":
    """Return the fold models of an earlier trial that those of this one may start from.

    A smaller form of a model is made from that very model. Otherwise only in a search that time
    ends: which trials came earlier depends on the workers.
    """
    family = trial.configuration.family
    if trial.variant is not None and context.fold_models is not None:
        own = context.fold_models.load_of(trial.variant.of, trial.configuration)
        return own if context.learner(family).inherits else ()
    if trial.seconds_limit is None or context.fold_models is None:
        return ()
    return context.fold_models.best_of(family) if context.learner(family).inherits else ()


def _own_fold_model(job: MemberJob, context: EvaluationContext) -> "Candidate | None":
    """Return the trial's first fold model, where a refit of its family may start from it."""
    if job.rows is not None or context.fold_models is None:
        return None
    if not context.learner(job.configuration.family).inherits:
        return None
    models = context.fold_models.load_of(job.trial_number, job.configuration)
    return models[0] if models else None


def _run_fold(
    candidate: "Candidate",
    fold: Fold,
    context: EvaluationContext,
    deadline: Deadline,
    n_left: int,
    progress: TrialProgress,
    parent: "Candidate | None",
) -> None:
    """Fit one fold's model, predict its validation rows and score them.

    A model that can stop early does so when its fair share of the time for the ``n_left`` folds is
    up. Otherwise the first folds of a booster would use it all, and the trial would end with
    nothing comparable.
    """
    dataset = context.dataset
    train = dataset.take(fold.train)
    before = time.perf_counter()
    candidate.fit(
        train.X,
        train.y,
        sample_weight=train.sample_weight,
        groups=train.groups,
        times=train.times,
        deadline=share_of(deadline, 1.0 / n_left),
        latest=deadline,
        parent=parent,
    )
    fitted = time.perf_counter()
    valid = dataset.X.iloc[fold.valid].reset_index(drop=True)
    predictions = candidate.predict_scores(valid)
    predicted = time.perf_counter()
    weight = None if dataset.sample_weight is None else dataset.sample_weight[fold.valid]
    score = score_predictions(context.metric, dataset.y[fold.valid], predictions, weight)
    progress.add_fold(
        fold.valid,
        predictions,
        score,
        fit_seconds=fitted - before,
        predict_seconds=predicted - fitted,
        iterations=candidate.n_iterations_,
    )


def _new_candidate(
    configuration: Configuration,
    context: EvaluationContext,
    shape: DatasetShape,
    seed: int,
    *,
    iterations: int | None = None,
    rank_share: float | None = None,
    in_eight_bits: bool = False,
    channel_share: float | None = None,
) -> "Candidate":
    # Imported late: a process that only reads results needs no preprocessing library.
    from espalier.pipelines.learners.candidate import Candidate

    return Candidate(
        configuration=configuration,
        learner=context.learner(configuration.family),
        roles=context.dataset.roles,
        shape=shape,
        seed=seed,
        n_threads=context.n_threads,
        iterations=iterations,
        objective=context.metric.objective,
        rank_share=rank_share,
        in_eight_bits=in_eight_bits,
        channel_share=channel_share,
    )


def _is_out_of_memory(problem: Exception) -> bool:
    """Whether an exception means memory ran out; native libraries raise errors of their own."""
    text = str(problem).lower()
    return isinstance(problem, MemoryError) or "bad_alloc" in text or "out of memory" in text
