"""What a training in this process is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from espalier.pipelines.calibration.threshold import Threshold
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.members.serving_limits import NO_LIMITS, ServingLimits
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.resources.budget import Budget

# After the refits there is only the hold-out, and models to take over from the workers.
FINISH_SECONDS = 0.3
FINISH_SECONDS_A_MB = 0.01


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
    memory_limit : str or None
        Memory that a trial may use, such as ``4GiB``; None for an equal share of the machine's.
    serving : "auto", "refit" or "bagged"
        Whether members are refitted to all rows or serve as their fold models.
    limits : ServingLimits
        What the model may cost where it serves.
    n_folds : int or None
        Folds of a trial, 1 for one split; None for what rows and time allow.
    interpretable : bool
        Only models that a person can read, and one of them alone.
    experience : Path or None
        Folder of learned experience; None for none.
    residual_share : float
        Share of the budget for regressors of the ensemble's residual, in [0, 0.5].
    residual_sees_answers : bool
        Whether those see what the ensemble's members answer, beside the columns.
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
    memory_limit: str | None = None
    serving: Serving = "auto"
    limits: ServingLimits = NO_LIMITS
    n_folds: int | None = None
    interpretable: bool = False
    experience: Path | None = None
    residual_share: float = 0.0
    residual_sees_answers: bool = False

    @property
    def finish(self) -> FinishCost:
        """What comes after the refits."""
        return FinishCost(
            fixed=FINISH_SECONDS, n_rows=self.n_holdout, seconds_a_mb=FINISH_SECONDS_A_MB
        )
