"""What a fitted estimator remembers of its training, so that it can tell about it later."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset, DatasetShape

if TYPE_CHECKING:  # a fitted estimator must load without what only training needs
    from espalier.pipelines.automl.in_process import TrainingResult
    from espalier.pipelines.automl.training_data import TrainingData
    from espalier.pipelines.explain.columns import ColumnSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecord:
    """A training in figures: no rows, and single values of none.

    Attributes
    ----------
    trials : tuple of dict
        The trials as `TrialResult.to_dict` describes them.
    shape : DatasetShape
        Shape of the search rows.
    folds : str
        Description of the folds.
    objectives : tuple of str
        Training objectives that were choices of the search.
    constant : array, shape (1, K) or (1,)
        The best constant prediction.
    columns : tuple of ColumnSummary
        What each column holds.
    seed : int
        The seed.
    baseline : float or None
        Score of the constant on the hold-out; None without one.
    n_holdout : int
        Number of held-out rows.
    """

    trials: tuple[dict[str, Any], ...]
    shape: DatasetShape
    folds: str
    objectives: tuple[str, ...]
    constant: NDArray[np.float64]
    columns: "tuple[ColumnSummary, ...]"
    seed: int
    baseline: float | None = None
    n_holdout: int = 0

    @classmethod
    def of(
        cls,
        data: "TrainingData",
        trained: "TrainingResult",
        *,
        seed: int,
        held: Dataset | None = None,
    ) -> "TrainingRecord":
        """Return the record of a training that has just ended."""
        from espalier.pipelines.evaluation.holdout import constant_prediction, dummy_score
        from espalier.pipelines.explain.columns import summarise_columns
        from espalier.pipelines.space.objectives import objective_choices

        objectives: tuple[str, ...] = ()
        if not data.search.problem.is_classification:
            objectives = objective_choices(data.metric.objective, data.search.y)
        baseline = None
        if held is not None:
            baseline = dummy_score(data.search, held.y, data.metric, held.sample_weight)
        return cls(
            trials=tuple(each.to_dict() for each in trained.history.ordered),
            shape=data.search.shape,
            folds=data.folds.description,
            objectives=objectives,
            constant=constant_prediction(data.search, data.metric),
            columns=summarise_columns(data.search),
            seed=seed,
            baseline=baseline,
            n_holdout=0 if held is None else len(held),
        )
