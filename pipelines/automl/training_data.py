"""The prepared data of a training: rows, families, folds and search space."""

import warnings
from dataclasses import dataclass

import pandas as pd

from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.export.portable import portable_learners
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.neural.convnet_family import CONVNET
from espalier.pipelines.learners.neural.supernet_family import SUPERNET
from espalier.pipelines.learners.registry import choose_learners, reads_pixels_alone
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.search.differentiable import refuse_without_networks
from espalier.pipelines.search.limits.fold_count import affordable_folds
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.objectives import objective_choices


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The search rows of a training, and what the search needs to know about them.

    Attributes
    ----------
    search : Dataset
        The rows that trials are evaluated on.
    preparation : Preparation
        How raw rows are prepared; it becomes part of the model.
    metric : Metric
        Metric to optimise.
    learners : tuple of Learner
        Learners of the model families to try, including custom ones.
    folds : FoldPlan
        Folds, the same for every trial.
    n_holdout : int
        Number of hold-out rows, on which the model will be scored.
    example_rows : DataFrame or None
        A few raw search rows, to keep with the model.
    target : str or None
        Name of the target column.
    """

    search: Dataset
    preparation: Preparation
    metric: Metric
    learners: tuple[Learner, ...]
    folds: FoldPlan
    n_holdout: int = 0
    example_rows: pd.DataFrame | None = None
    target: str | None = None

    @property
    def space(self) -> SearchSpace:
        """Search space of the families on these rows."""
        objectives: tuple[str, ...] = ()
        if not self.search.problem.is_classification:
            objectives = objective_choices(self.metric.objective, self.search.y)
        return SearchSpace(self.learners, self.search.shape, objectives)

    def context(
        self,
        *,
        memory_limit_mb: float | None,
        fold_models: FoldModels | None,
        n_threads: int = 1,
    ) -> EvaluationContext:
        """Return the context in which workers evaluate trials; arguments as `EvaluationContext`."""
        return EvaluationContext(
            dataset=self.search,
            folds=self.folds,
            metric=self.metric,
            learners=self.learners,
            helpers=(SUPERNET,) if CONVNET in self.learners else (),
            n_threads=n_threads,
            fold_models=fold_models,
            memory_limit_mb=memory_limit_mb,
        )


def prepare_training(
    search: Dataset,
    preparation: Preparation,
    metric: Metric,
    settings: TrainingSettings,
    *,
    n_holdout: int,
    example_rows: pd.DataFrame | None,
) -> TrainingData:
    """Return the data of a training in this process, with its families and folds.

    Raises
    ------
    UserError
        A family is unknown, or none can learn from these rows.
    """
    learners = families_of(search, settings)
    for said in weights_unused(learners, search):
        warnings.warn(said, stacklevel=2)
    n_folds = fold_count(search, settings, settings.division(search.n_bytes).workers)
    return TrainingData(
        search=search,
        preparation=preparation,
        metric=metric,
        learners=learners,
        folds=draw_folds(search, settings, n_folds),
        n_holdout=n_holdout,
        example_rows=example_rows,
    )


def families_of(search: Dataset, settings: TrainingSettings) -> tuple[Learner, ...]:
    """Return the model families that a training on these rows tries.

    Raises
    ------
    UserError
        A family is unknown, none can learn from these rows, or the strategy needs another.
    """
    chosen = choose_learners(
        settings.families,
        search.shape,
        interpretable=settings.interpretable,
        seconds=settings.budget.seconds,
    )
    if settings.portable is not None:
        chosen = portable_learners(chosen, search, settings.portable)
    refuse_without_networks(settings.search, chosen)
    return chosen


def weights_unused(learners: tuple[Learner, ...], search: Dataset) -> tuple[str, ...]:
    """Return a warning for each family that learns from weighted rows as if all were equal."""
    if search.sample_weight is None:
        return ()
    return tuple(
        f"family {learner.name!r} takes no sample_weight: it learns from all rows alike, and only "
        "its scores are weighted"
        for learner in learners
        if not learner.weighs
    )


def fold_count(search: Dataset, settings: TrainingSettings, n_workers: int) -> int:
    """Return the number of folds that score a trial: the set one, else what the time allows."""
    if settings.n_folds:
        return settings.n_folds
    network_seconds = None
    if search.shape.n_pixels and reads_pixels_alone(settings.families):
        default = SearchSpace((CONVNET,), search.shape).default(CONVNET.name)
        network_seconds = CONVNET.expected_seconds(default.model_values, search.shape)
    return affordable_folds(
        search.shape,
        settings.budget,
        n_workers,
        serving=settings.serving,
        network_seconds=network_seconds,
    )


def draw_folds(search: Dataset, settings: TrainingSettings, n_folds: int | None) -> FoldPlan:
    """Return the folds of every trial; ``n_folds`` None chooses their number by the rows."""
    return plan_folds(search, seed=integer_seed(settings.seed, "folds"), n_folds=n_folds)
