"""The options of a training, shared by the estimators and the flow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from espalier.pipelines.data.splitting.folds import check_fold_count
from espalier.pipelines.export.base.formats import PortableFormat, check_portable
from espalier.pipelines.members.preference import LIGHT_SHARE, SCORE, Preference
from espalier.pipelines.members.serving_limits import ServingLimits
from espalier.pipelines.members.serving_mode import Serving, check_serving
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.resources.cores import Division, divide, own_cores, usable_cores
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:  # a fitted estimator must load without the search
    from espalier.pipelines.calibration.threshold import Threshold
    from espalier.pipelines.learners.base.learner import Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """The options of a training.

    The docstrings of the estimators are made from these descriptions.

    Attributes
    ----------
    time_budget : float or None
        Seconds that ``fit`` may take; None for no limit.
    n_trials : int or None
        Number of configurations to evaluate; None for as many as the time allows. With a number
        and no ``time_budget`` the same ``random_state`` gives the same model, on the same machine
        and versions.
    families : sequence of str or Learner, or None
        Model families to try, custom ones made by `learner_from_estimator`; None for all.
    n_jobs : int or None
        Number of cores to use; negative numbers count from the number of cores, as in joblib.
        None for all that the container and the affinity of the process allow; in a worker process
        of joblib, the threads that joblib gives it. As many trials run at the same time, each on
        one core; of a table too large for that, fewer with more threads.
    seed : int
        Random seed of the training.
    ensemble : bool
        Whether models may be combined; otherwise only the best one is fitted.
    search : str
        Strategy that proposes configurations: ``guided`` (mostly gradient ascent on a Gaussian
        process), ``gp``, ``neural``, ``forest``, ``tpe``, ``evolution``,
        ``policy``, ``policy+critic``, ``local``, ``differentiable`` (networks on pictures, proposed
        by one that holds many; then as ``guided``), ``nsga2``, ``random`` or ``grid``.
    memory_limit : str or None
        Memory that a trial may use, data included, such as ``"4GiB"``; None for an equal share of
        80 % of the machine's. A large limit can reduce the number of concurrent trials.
    serving : "auto", "refit" or "bagged"
        Whether each member is refitted to all rows (small model, fast predictions) or the models
        of its folds are averaged; ``auto`` refits as many members as the time allows, and boosters
        several times, with other seeds, while one row stays quick.
    max_latency_ms : float or None
        Longest time in milliseconds that the model may take for one row; None for no limit.
    max_size_mb : float or None
        Largest size of the model in MiB; None for no limit.
    interpretable : bool
        Whether to try only models that a person can read, and to use a single one.
    portable : str or None
        ``onnx`` or ``c``: try only what `export` can write in that format. None: everything.
    n_folds : int or None
        Number of folds that score a trial, 1 for a single split; None to choose it by the number
        of rows and the time budget.
    residual_share : float
        Share of the budget, in [0, 0.5], for residual members: regressors of the ensemble's
        residual. One is added only if the loss on left-out rows falls by more than its standard
        error.
    residual_sees_answers : bool
        Whether residual members also get the predictions of the ensemble's members as features:
        one more layer of stacking.
    experience : "auto", str, Path or None
        Experience from other tables: ``auto`` for the one shipped with Espalier, in searches that
        are long enough for it (8 trials, or 10 s); a folder written by ``espalier experience
        fit``; None for none.
    threshold : "auto", float or None
        Probability from which ``predict`` returns the second of two classes; ``predict_proba``
        does not depend on it. ``auto`` tunes it if the metric scores labels (``f1``,
        ``balanced_accuracy``...) and tuning is shown to help, and otherwise keeps 0.5; None
        always keeps 0.5.
    objectives : sequence of str
        ``score``, and what is to be small beside it: ``latency`` (ms for a row), ``size`` (MiB),
        ``operations`` (for a row). With any of these, smaller forms of the best models are made
        (fewer rounds or trees, networks of lower rank, a small model that learns the ensemble's
        answers), and ``front_`` holds what cannot be bettered in all objectives at once.
    prefer : str or None
        The model that is taken from the front: ``score``, the best; ``small``, the smallest within
        one standard error of the best score; ``balanced``, the nearest to the best of everything.
        None: the best score.
    max_operations : float or None
        Most operations that the model may take for one row, its preparation aside; None for no
        limit. What is known to take more is never trained.
    allow_baseline : bool
        Whether the best constant prediction is the model if every trial fails; otherwise that is
        an error.

    Raises
    ------
    UserError
        The budget, a limit, an objective or the number of folds is invalid.
    """

    time_budget: float | None = 60.0
    n_trials: int | None = None
    families: "Sequence[str | Learner] | None" = None
    n_jobs: int | None = None
    seed: int = 0
    ensemble: bool = True
    search: str = DEFAULT_STRATEGY
    memory_limit: str | None = None
    serving: Serving = "auto"
    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    interpretable: bool = False
    portable: PortableFormat | None = None
    n_folds: int | None = None
    residual_share: float = 0.0
    residual_sees_answers: bool = False
    experience: str | Path | None = "auto"
    threshold: "Threshold" = "auto"
    objectives: Sequence[str] = (SCORE,)
    prefer: str | None = None
    max_operations: float | None = None
    allow_baseline: bool = False

    def __post_init__(self) -> None:
        _ = self.budget, self.limits, self.preference
        check_serving(self.serving)
        check_portable(self.portable)
        if self.n_folds is not None:
            check_fold_count(self.n_folds)

    @classmethod
    def of(
        cls, options: object, given: Mapping[str, Any] = MappingProxyType({})
    ) -> "TrainingSettings":
        """Make the settings from the attributes of an object that have the same names.

        Parameters
        ----------
        options : object
            An estimator or a request; settings without an attribute keep their default.
        given : mapping of str to Any
            Values of settings that have another name or meaning there.
        """
        names = [each.name for each in fields(cls) if hasattr(options, each.name)]
        return cls(**{name: getattr(options, name) for name in names} | dict(given))

    @property
    def budget(self) -> Budget:
        """The time and the number of trials that the training may spend."""
        return Budget(seconds=self.time_budget, trials=self.n_trials)

    @property
    def limits(self) -> ServingLimits:
        """The largest latency, size and operations that the model may have."""
        return ServingLimits(
            max_latency_ms=self.max_latency_ms,
            max_size_mb=self.max_size_mb,
            max_operations=self.max_operations,
        )

    @property
    def preference(self) -> Preference:
        """What is wanted beside the score, and which model of the front is taken."""
        return Preference(objectives=tuple(self.objectives) or (SCORE,), prefer=self.prefer)

    @property
    def light_seconds(self) -> float:
        """Seconds by which the search ends earlier, to make smaller forms of its best models."""
        if self.time_budget is None or not self.preference.wants_light:
            return 0.0
        return LIGHT_SHARE * self.time_budget

    @property
    def cores(self) -> int:
        """Number of cores to use, by ``n_jobs``; at least 1."""
        if self.n_jobs is None:
            return own_cores()
        if self.n_jobs < 0:
            return max(1, usable_cores() + 1 + self.n_jobs)
        return max(1, self.n_jobs)

    def division(self, table_bytes: int) -> Division:
        """Return how many trials run at the same time, and their threads.

        Parameters
        ----------
        table_bytes : int
            Size of the prepared table.
        """
        # Sums of floats depend on the number of threads; a training without a time budget must
        # give the same model with any number of workers.
        return divide(
            self.cores,
            table_bytes,
            memory_limit=self.memory_limit,
            with_threads=self.time_budget is not None,
        )

    @property
    def keeps_fold_models(self) -> bool:
        """Whether fold models are kept, for members that are not refitted or too late."""
        return self.time_budget is not None or self.serving == "bagged"

    @property
    def experience_folder(self) -> Path | None:
        """Folder of the experience; None if none is wanted or the search is too short for it."""
        if self.experience is None:
            return None
        if self.experience != "auto":
            return Path(self.experience)
        from espalier.pipelines.experience.shipped import is_worth_asking, shipped_folder

        return shipped_folder() if is_worth_asking(self.n_trials, self.time_budget) else None
