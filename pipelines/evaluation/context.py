"""Everything a worker needs to evaluate any trial of a run; it is sent to a worker once."""

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
        The search rows, without the hold-out.
    folds : FoldPlan
        The same folds for every trial.
    metric : Metric
        The metric to score by.
    learners : tuple of Learner
        The families of the search, including the user's own.
    helpers : tuple of Learner
        What workers fit beside trials, such as supernets; no trial is of these.
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
    helpers: tuple[Learner, ...] = ()
    n_threads: int = 1
    fold_models: FoldModels | None = None
    memory_limit_mb: float | None = None

    def learner(self, name: str) -> Learner:
        """Return the family called ``name``.

        Raises
        ------
        KeyError
            There is no such family.
        """
        for learner in (*self.learners, *self.helpers):
            if learner.name == name:
                return learner
        raise KeyError(name)
