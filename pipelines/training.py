"""A whole training in this process: the steps of the flow, without the platform."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.budget import Budget, Deadline
from pipelines.data.dataset import Dataset
from pipelines.data.preparation import Preparation
from pipelines.data.splits import plan_folds
from pipelines.ensemble.adjust import adjust
from pipelines.ensemble.adjustment_report import AdjustmentReport
from pipelines.ensemble.choose import EnsembleChoice, build_ensemble, choose_single
from pipelines.ensemble.cost import FinishCost, RefitTime
from pipelines.ensemble.kept import KeptPredictions
from pipelines.ensemble.model import EnsembleModel, build_model
from pipelines.ensemble.refit import fit_choice
from pipelines.ensemble.threshold import Threshold, check_threshold
from pipelines.errors import SearchFailedError
from pipelines.evaluation.context import EvaluationContext
from pipelines.evaluation.executor import Executor, SerialExecutor
from pipelines.evaluation.fold_models import FoldModels
from pipelines.evaluation.metrics import Metric
from pipelines.evaluation.scoring import check_target
from pipelines.history import History
from pipelines.learners.base import Learner
from pipelines.learners.registry import choose_learners
from pipelines.sealed_files import new_key
from pipelines.search.loop import run_search
from pipelines.search.reserve import search_deadline
from pipelines.seeds import integer_seed
from pipelines.space.joint import SearchSpace
from pipelines.trial import TrialOutcome

# Of the time that is left after the search, this share may go into choosing the members; the
# rest is for fitting them.
CHOICE_SHARE = 0.4
# After the refits there is only the hold-out, and models to take over from the workers.
FINISH_SECONDS = 0.3
FINISH_SECONDS_A_MB = 0.01
REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """What a training in this process needs to know beside the data.

    Attributes
    ----------
    metric : Metric
        What is optimised.
    budget : Budget
        Seconds and trials.
    families : sequence of str or Learner, or None
        Families to try; None for all.
    n_workers : int
        Trials that run at the same time.
    seed : int
        The run's seed.
    strategy : str
        Who proposes: ``forest``, ``random``...
    ensemble : bool
        Whether members may be combined; otherwise the best trial alone is the model.
    target : str or None
        Name of the target column.
    n_holdout : int
        Rows that the model will be scored on.
    threshold : "auto", float or None
        From which probability on a row is of the second of two classes.
    """

    metric: Metric
    budget: Budget
    families: Sequence[str | Learner] | None = None
    n_workers: int = 1
    seed: int = 0
    strategy: str = "forest"
    ensemble: bool = True
    target: str | None = None
    n_holdout: int = 0
    threshold: Threshold = "auto"

    @property
    def finish(self) -> FinishCost:
        """What comes after the refits."""
        return FinishCost(
            fixed=FINISH_SECONDS, n_rows=self.n_holdout, seconds_a_mb=FINISH_SECONDS_A_MB
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training leaves.

    Attributes
    ----------
    model : EnsembleModel
        Takes raw rows.
    choice : EnsembleChoice
        The members and how they were chosen.
    history : History
        Every trial.
    weights : dict of int to float
        Share of each trial in the model that serves.
    adjusted : AdjustmentReport
        How its calibration, threshold and intervals came about.
    """

    model: EnsembleModel
    choice: EnsembleChoice
    history: History
    weights: dict[int, float]
    adjusted: AdjustmentReport


def train_in_process(
    dataset: Dataset,
    preparation: Preparation,
    settings: TrainingSettings,
    *,
    deadline: Deadline,
    example: pd.DataFrame | None = None,
    on_result: Callable[[TrialOutcome], None] | None = None,
) -> Trained:
    """Search, choose an ensemble, and fit its members.

    Parameters
    ----------
    dataset : Dataset
        The search rows.
    preparation : Preparation
        How they were prepared; becomes part of the model.
    settings : TrainingSettings
        What to do.
    deadline : Deadline
        When everything must be done.
    example : DataFrame or None
        A few raw rows to keep with the model.
    on_result : callable or None
        Called with each trial's outcome.

    Raises
    ------
    UserError
        The settings do not fit the data.
    SearchFailedError
        No trial succeeded; the message names the reasons.
    """
    check_target(settings.metric, dataset.y)
    check_threshold(settings.threshold, dataset.problem)
    shape = dataset.shape
    learners = choose_learners(settings.families, shape)
    folds = plan_folds(dataset, seed=integer_seed(settings.seed, "folds"))
    kept = KeptPredictions(settings.metric)

    def keep(outcome: TrialOutcome) -> None:
        kept.add(outcome)
        if on_result is not None:
            on_result(outcome)

    with (
        _fold_models(len(folds), settings.budget) as fold_models,
        _open_executor(
            EvaluationContext(
                dataset=dataset,
                folds=folds,
                metric=settings.metric,
                learners=learners,
                fold_models=fold_models,
            ),
            settings,
        ) as executor,
    ):
        history = run_search(
            SearchSpace(learners, shape),
            executor,
            settings.metric,
            budget=settings.budget,
            deadline=search_deadline(settings.budget, shape, deadline),
            seed=settings.seed,
            strategy=settings.strategy,
            on_result=keep,
            fits_per_trial=len(folds),
            finish=settings.finish,
        )
        require_success(history)
        time = RefitTime(
            deadline=deadline,
            n_workers=settings.n_workers,
            finish=settings.finish,
            kept=frozenset() if fold_models is None else fold_models.of(history),
        )
        choice = _choose(history, kept, dataset, settings, time)
        choice, fitted = fit_choice(choice, history, executor, time, fold_models=fold_models)
    adjusted = adjust(
        choice,
        fitted,
        kept.by_number,
        dataset=dataset,
        metric=settings.metric,
        seed=settings.seed,
        threshold=settings.threshold,
        deadline=deadline,
    )
    model = build_model(
        choice,
        fitted,
        preparation=preparation,
        dataset=dataset,
        metric=settings.metric.name,
        target=settings.target,
        example=example,
        adjustments=adjusted.adjustments,
    )
    return Trained(
        model=model,
        choice=choice,
        history=history,
        weights=model.weights,
        adjusted=adjusted.report,
    )


def _choose(
    history: History,
    kept: KeptPredictions,
    dataset: Dataset,
    settings: TrainingSettings,
    time: RefitTime,
) -> EnsembleChoice:
    if not settings.ensemble:
        return choose_single(
            history.ordered,
            kept.by_number,
            dataset=dataset,
            metric=settings.metric,
            seed=settings.seed,
        )
    # Without a deadline the time left is infinite, and so it stays.
    enough = (1.0 - CHOICE_SHARE) * max(0.0, time.deadline.seconds_left)
    return build_ensemble(
        history.ordered,
        kept.by_number,
        dataset=dataset,
        metric=settings.metric,
        seed=settings.seed,
        deadline=time.deadline.earlier(enough),
        refit_time=time,
    )


def require_success(history: History) -> None:
    """Raise a `SearchFailedError` that names the reasons when no trial succeeded."""
    if history.successes:
        return
    reasons: dict[str, None] = {}
    for result in history.ordered:
        family = result.trial.configuration.family
        reasons[f"{family}: {result.error or result.status}"] = None
    shown = "; ".join(list(reasons)[:REASONS_SHOWN])
    more = f" (and {len(reasons) - REASONS_SHOWN} more)" if len(reasons) > REASONS_SHOWN else ""
    raise SearchFailedError(
        f"none of {len(history)} trial(s) succeeded: {shown}{more}; give more time or other "
        "families"
        if reasons
        else "the time was up before a trial had ended; give a larger time budget"
    )


@contextmanager
def _fold_models(n_folds: int, budget: Budget) -> Iterator[FoldModels | None]:
    """Yield where models of single fits are kept for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="espalier-", ignore_cleanup_errors=True) as folder:
        yield FoldModels.at(
            Path(folder), n_folds=n_folds, timed=budget.seconds is not None, key=new_key()
        )


def _open_executor(context: EvaluationContext, settings: TrainingSettings) -> Executor:
    if settings.n_workers <= 1 and settings.budget.seconds is None:
        return SerialExecutor(context)
    # A process can be stopped whatever it does; a thread of this one cannot.
    from pipelines.evaluation.process_executor import ProcessExecutor

    return ProcessExecutor(context, settings.n_workers)
