"""The options of a training, in one place: the estimators and the flow make theirs from these."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from espalier.pipelines.data.splitting.folds import check_fold_count
from espalier.pipelines.members.serving_limits import ServingLimits
from espalier.pipelines.members.serving_mode import Serving, check_serving
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.resources.memory import workers_within
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:  # a fitted estimator must load without the search
    from espalier.pipelines.calibration.threshold import Threshold
    from espalier.pipelines.learners.base.learner import Learner

# Of a search, from which on the shipped experience is asked: meta-features take a second.
LEAST_TRIALS, LEAST_SECONDS = 8, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """What a training needs to know beside the data.

    The docstrings of the estimators take these descriptions over.

    Attributes
    ----------
    time_budget : float or None
        Seconds that ``fit`` may take; None for no limit.
    n_trials : int or None
        Configurations to evaluate; None for as many as the time allows. With a number and no
        ``time_budget`` the same ``random_state`` gives the same model on any machine.
    families : sequence of str or Learner, or None
        Model families to try, own ones by `learner_from_estimator`; None for all.
    n_jobs : int or None
        Trials that run at the same time, each on one core; negative counts from all cores.
    seed : int
        Root of everything random.
    ensemble : bool
        Whether models may be combined; otherwise the best one alone is fitted.
    search : str
        Who proposes configurations: ``guided`` (mostly gradient ascent on a Gaussian process),
        ``gp``, ``neural``, ``forest``, ``tpe``, ``evolution``, ``random`` or ``grid``.
    memory_limit : str or None
        Memory that a trial may use, data included, such as ``"4GiB"``; None for an equal share of
        80 % of the machine's. Fewer trials run at the same time where it needs that.
    serving : "auto", "refit" or "bagged"
        Whether members are fitted once more to all rows (small, quick to ask) or serve as the
        models of their folds; ``auto`` refits what the time allows and bags the rest.
    max_latency_ms : float or None
        Milliseconds that the model may take for one row; members are chosen so.
    max_size_mb : float or None
        MiB that the model may have; members are chosen so.
    interpretable : bool
        Only models that a person can read, and one of them alone.
    n_folds : int or None
        Folds that score a trial, 1 for one split; None for as many as the rows deserve and the
        time allows.
    residual_share : float
        Share of the budget, in [0, 0.5], for regressors of what the ensemble gets wrong; one is
        added only if the loss of left-out rows falls by more than its standard error.
    residual_sees_answers : bool
        Whether those also see what the ensemble's members answer, beside the columns: one more
        layer of stacking.
    experience : "auto", str, Path or None
        What other tables have taught: ``auto`` for what Espalier ships, in searches that are long
        enough for it (8 trials, or 10 s); a folder of ``espalier experience fit``; None for none.
    threshold : "auto", float or None
        From which probability on ``predict`` returns the second of two classes;
        ``predict_proba`` does not depend on it. ``auto`` tunes it where the metric scores labels
        (``f1``, ``balanced_accuracy``...) and that is proven to help, and keeps 0.5 for all other
        metrics; None keeps 0.5 always.
    allow_baseline : bool
        Whether the best constant is the model where every trial fails; otherwise that is an error.

    Raises
    ------
    UserError
        The budget, a limit or the number of folds cannot be.
    """

    time_budget: float | None = 60.0
    n_trials: int | None = None
    families: "Sequence[str | Learner] | None" = None
    n_jobs: int | None = 1
    seed: int = 0
    ensemble: bool = True
    search: str = DEFAULT_STRATEGY
    memory_limit: str | None = None
    serving: Serving = "auto"
    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    interpretable: bool = False
    n_folds: int | None = None
    residual_share: float = 0.0
    residual_sees_answers: bool = False
    experience: str | Path | None = "auto"
    threshold: "Threshold" = "auto"
    allow_baseline: bool = False

    def __post_init__(self) -> None:
        _ = self.budget, self.limits
        check_serving(self.serving)
        if self.n_folds is not None:
            check_fold_count(self.n_folds)

    @classmethod
    def of(
        cls, options: object, given: Mapping[str, Any] = MappingProxyType({})
    ) -> "TrainingSettings":
        """Return the settings that an object has as attributes of the same names.

        Parameters
        ----------
        options : object
            An estimator or a request; what it has no attribute for keeps its default.
        given : mapping of str to Any
            Settings that are called or meant otherwise there.
        """
        names = [each.name for each in fields(cls) if hasattr(options, each.name)]
        return cls(**{name: getattr(options, name) for name in names} | dict(given))

    @property
    def budget(self) -> Budget:
        """What the training may spend."""
        return Budget(seconds=self.time_budget, trials=self.n_trials)

    @property
    def limits(self) -> ServingLimits:
        """What the model may cost where it serves."""
        return ServingLimits(max_latency_ms=self.max_latency_ms, max_size_mb=self.max_size_mb)

    @property
    def n_workers(self) -> int:
        """How many trials run at the same time here, at least 1; ``n_jobs`` counts as joblib's."""
        if self.n_jobs is None:
            wanted = 1
        elif self.n_jobs < 0:
            wanted = max(1, (os.cpu_count() or 1) + 1 + self.n_jobs)
        else:
            wanted = max(1, self.n_jobs)
        return workers_within(self.memory_limit, wanted)

    @property
    def keeps_fold_models(self) -> bool:
        """Whether fold models are kept, to serve where a refit is not wanted or comes too late."""
        return self.time_budget is not None or self.serving == "bagged"

    @property
    def experience_folder(self) -> Path | None:
        """Where the experience is; None where none is wanted, or it would cost too much."""
        if self.experience is None:
            return None
        if self.experience != "auto":
            return Path(self.experience)
        from espalier.pipelines.experience.shipped import shipped_folder

        short = (self.n_trials or LEAST_TRIALS) < LEAST_TRIALS
        hurried = (self.time_budget or LEAST_SECONDS) < LEAST_SECONDS
        return None if short or hurried else shipped_folder()
