"""What a fitted estimator remembers of its training, so that it can tell about it later."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset, DatasetShape

if TYPE_CHECKING:  # a fitted estimator must load without what only training needs
    from espalier.pipelines.explain.columns import ColumnSummary
    from espalier.pipelines.metrics.metric import Metric
    from espalier.pipelines.trials.history import History


def history_of(metric: "Metric", trials: Iterable[dict[str, Any]]) -> "History":
    """Return the history of trials that were kept as `TrialResult.to_dict` describes them."""
    from espalier.pipelines.trials.history import History
    from espalier.pipelines.trials.trial import TrialResult

    return History(metric, tuple(TrialResult.from_dict(each) for each in trials))


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
        search: Dataset,
        history: "History",
        metric: "Metric",
        *,
        folds: str,
        seed: int,
        held: Dataset | None = None,
    ) -> "TrainingRecord":
        """Return the record of a training that has just ended.

        Parameters
        ----------
        search, held : Dataset
            The rows that were searched on, and those held out, if any.
        history : History
            All trials.
        metric : Metric
            What was optimised.
        folds : str
            Description of the folds.
        seed : int
            The seed.
        """
        from espalier.pipelines.evaluation.holdout import constant_prediction, dummy_score
        from espalier.pipelines.explain.columns import summarise_columns
        from espalier.pipelines.space.objectives import objective_choices

        objectives: tuple[str, ...] = ()
        if not search.problem.is_classification:
            objectives = objective_choices(metric.objective, search.y)
        baseline = None
        if held is not None:
            baseline = dummy_score(search, held.y, metric, held.sample_weight)
        return cls(
            trials=tuple(each.to_dict() for each in history.ordered),
            shape=search.shape,
            folds=folds,
            objectives=objectives,
            constant=constant_prediction(search, metric),
            columns=summarise_columns(search),
            seed=seed,
            baseline=baseline,
            n_holdout=0 if held is None else len(held),
        )
