"""Everything a worker needs to evaluate any trial of a run; it travels to a worker once."""

from dataclasses import dataclass

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.metrics.metric import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationContext:
    """Everything a worker needs to evaluate any trial of a run.

    Attributes
    ----------
    dataset : Dataset
        The search rows: the hold-out is already taken off.
    folds : FoldPlan
        The same folds for every trial.
    metric : Metric
        What is scored.
    learners : tuple of Learner
        The families in play, the user's own included.
    n_threads : int
        Threads one trial may use.
    fold_models : FoldModels or None
        Where the fold models of the best trials are kept; None to keep none.
    memory_limit_mb : float or None
        Resident memory of a worker, in MiB, above which its trial is stopped; None for no limit.
    """

    dataset: Dataset
    folds: FoldPlan
    metric: Metric
    learners: tuple[Learner, ...]
    n_threads: int = 1
    fold_models: FoldModels | None = None
    memory_limit_mb: float | None = None

    def learner(self, name: str) -> Learner:
        """Return the family called ``name``.

        Raises
        ------
        KeyError
            There is none.
        """
        for learner in self.learners:
            if learner.name == name:
                return learner
        raise KeyError(name)
