"""Search for residual members, with the ensemble's residual as the target.

Their features are the columns, or the columns and the predictions of the ensemble's members: the
latter is one more layer of stacking (Wolpert 1992). The out-of-fold predictions that a fold of this
second layer is fitted to come from models that saw the labels of the fold's left-out rows, which
can make the layer look better than it is; only the test in
`espalier.pipelines.automl.residual_stages` guards against this.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.automl.residual_stages import (
    BLOCKS,
    ResidualStages,
    pseudo_residual,
    residual_stages,
)
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import from_link, to_link
from espalier.pipelines.ensemble.combiner_comparison import NestedPredictions
from espalier.pipelines.ensemble.losses import make_loss
from espalier.pipelines.ensemble.row_blocks import row_blocks
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.finishing.refit import member_job
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.members.member import Member
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.serving.residual_correction import ResidualCorrection, with_answers
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.row_predictions import Predictions, RowPredictions
from espalier.pipelines.trials.trial import TrialOutcome, TrialResult

# Of the time that there is, this share is for refitting what was found.
REFIT_SHARE = 0.3
# A search for the residual of fewer trials has not even seen the families that matter.
FEWEST_TRIALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualSearchResult:
    """Result of a search for residual members.

    Attributes
    ----------
    stages : ResidualStages
        The accepted stages; their positions refer to ``results``.
    results : tuple of TrialResult
        Successful trials on the residual.
    correction : ResidualCorrection or None
        The refitted members; None if no stage was accepted or a refit failed.
    choice : EnsembleChoice
        The ensemble; its nested predictions include the correction.
    """

    stages: ResidualStages
    results: tuple[TrialResult, ...]
    correction: ResidualCorrection | None
    choice: EnsembleChoice


def residual_budget(budget: Budget, share: float) -> Budget | None:
    """Return the part of a budget for the search for residual members; None for none.

    Raises
    ------
    UserError
        The share is not in [0, 0.5].
    """
    if not 0.0 <= share <= 0.5:
        raise UserError(f"residual_share must be in [0, 0.5], not {share}")
    if not share:
        return None
    seconds, trials = budget.seconds, budget.trials
    return Budget(
        seconds=None if seconds is None else share * seconds,
        trials=None if trials is None else max(FEWEST_TRIALS, round(share * trials)),
    )


def is_possible(dataset: Dataset, predictions: NDArray[Any]) -> bool:
    """Whether the residual is a single number and known for every row."""
    single = dataset.problem is not ProblemKind.MULTICLASS
    return single and bool(np.isfinite(predictions).all())


def find_residual_members(
    choice: EnsembleChoice,
    predictions: Mapping[int, Predictions],
    context: EvaluationContext,
    open_executor: Callable[[EvaluationContext], Executor],
    *,
    budget: Budget,
    deadline: Deadline,
    seed: int,
    sees_answers: bool = False,
) -> ResidualSearchResult | None:
    """Search for regressors of the residual and return the stages that lower the loss.

    Returns None if the problem is multiclass, time has run out, or too few trials succeeded.

    Parameters
    ----------
    choice : EnsembleChoice
        The ensemble.
    predictions : mapping of int to array
        Out-of-fold predictions of its members by trial number.
    context : EvaluationContext
        Context of the ensemble's trials; the same rows and folds are used.
    open_executor : callable
        Opens an executor on a context; it is closed here.
    budget : Budget
        Budget of the search for residual members.
    deadline : Deadline
        When the members must be found and refitted.
    seed : int
        The run's seed.
    sees_answers : bool
        Whether the predictions of the ensemble's members are additional features.
    """
    dataset, floor = context.dataset, choice.rule.floor
    parts = [predictions[number] for number, _ in choice.members]
    answers = [each for each in parts if not isinstance(each, RowPredictions)]
    if len(answers) < len(parts):  # the residual is not known for every row
        return None
    combined = choice.rule.apply(answers)
    if not is_possible(dataset, combined) or deadline.passed:
        return None
    F = to_link(combined, dataset.problem, floor)
    everything = np.arange(len(dataset))

    def loss_of(rows: NDArray[np.int64]) -> Any:
        weight = None if dataset.sample_weight is None else dataset.sample_weight[rows]
        return make_loss(
            dataset.y[rows],
            dataset.problem,
            dataset.n_classes,
            weight,
            objective=context.metric.objective,
        )

    residual = pseudo_residual(loss_of(everything), F, dataset.sample_weight)
    seen = _with_answers(dataset, answers, floor) if sees_answers else dataset
    target = replace(seen, y=residual, problem=ProblemKind.REGRESSION, classes=None)
    shape = target.shape
    families = [each for each in context.learners if each.admits(shape)]
    learners = choose_learners(families, shape) if families else ()
    if not learners or not residual.any():
        return None
    found: dict[int, Predictions] = {}
    results: list[TrialResult] = []

    def keep(outcome: TrialOutcome) -> None:
        if outcome.result.succeeded and outcome.predictions is not None:
            found[outcome.result.trial.number] = outcome.predictions
            results.append(outcome.result)

    metric = METRICS["rmse"]
    own = replace(context, dataset=target, metric=metric, learners=learners, fold_models=None)
    with open_executor(own) as executor:
        plan = SearchPlan(
            space=SearchSpace(learners, shape),
            budget=budget,
            seed=integer_seed(seed, "residual"),
            n_workers=executor.n_workers,
            n_folds=len(context.folds),
        )
        end = deadline.earlier(_kept_back(deadline))
        run_search(plan, executor, metric, deadline=end, on_result=keep)
        results.sort(key=lambda each: each.trial.number)
        if len(results) < FEWEST_TRIALS:
            return None
        rows, nested = everything, F
        if choice.nested is not None:
            rows = np.asarray(choice.nested.rows, dtype=np.int64)
            nested = to_link(choice.nested.predictions, dataset.problem, floor)
        candidates = np.stack([found[each.trial.number][rows] for each in results])
        part = dataset.take(rows)
        stages = residual_stages(
            nested,
            candidates.astype(np.float64),
            lambda positions: loss_of(rows[positions]),
            row_blocks(part, BLOCKS, seed=integer_seed(seed, "residual blocks")),
        )
        jobs = [member_job(results[position]) for position, _ in stages.chosen]
        models = executor.fit_members(jobs, deadline) if jobs else []
    if not models or any(model is None for model in models):
        return ResidualSearchResult(
            stages=stages, results=tuple(results), correction=None, choice=choice
        )
    correction = ResidualCorrection(
        members=tuple(
            Member(number=results[position].trial.number, candidates=(model,))
            for (position, _), model in zip(stages.chosen, models, strict=True)
            if model is not None
        ),
        steps=tuple(step for _, step in stages.chosen),
        problem=dataset.problem,
        floor=floor,
        sees_answers=sees_answers,
    )
    corrected = NestedPredictions(rows, from_link(stages.nested, dataset.problem))
    return ResidualSearchResult(
        stages=stages,
        results=tuple(results),
        correction=correction,
        choice=replace(choice, nested=corrected),
    )


def _with_answers(dataset: Dataset, answers: Sequence[NDArray[Any]], floor: float) -> Dataset:
    X = with_answers(dataset.X, answers, dataset.problem, floor)
    roles = {name: dataset.roles.get(name, ColumnRole.NUMERIC) for name in X.columns}
    return replace(dataset, X=X, roles=roles)


def _kept_back(deadline: Deadline) -> float:
    left = deadline.seconds_left
    return REFIT_SHARE * max(0.0, left) if left != float("inf") else 0.0
