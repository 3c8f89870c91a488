"""The definition of a model family: its space, factory, limits and expected cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.metrics.objective import SQUARED_ERROR, LossKind, TrainingObjective
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:  # a served model must load without ConfigSpace
    from ConfigSpace import ConfigurationSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerLimits:
    """Largest tables that a family is used for.

    Attributes
    ----------
    max_rows, max_columns, max_classes : int or None
        None for no limit.
    """

    max_rows: int | None = None
    max_columns: int | None = None
    max_classes: int | None = None

    def admit(self, shape: DatasetShape) -> bool:
        """Whether a dataset of this shape is within the limits."""
        pairs = (
            (self.max_rows, shape.n_rows),
            (self.max_columns, shape.n_columns),
            (self.max_classes, shape.n_classes),
        )
        return all(limit is None or size <= limit for limit, size in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """What a family's factory needs besides the hyperparameters.

    Attributes
    ----------
    shape : DatasetShape
        Shape of the whole search table.
    seed : int
        Seed of everything random in the model.
    n_threads : int
        Threads the model may use.
    iterations : int or None
        Boosting rounds to train exactly (a refit on all rows); None to stop early.
    loss : LossKind
        What to minimise in regression, one of the family's ``losses``.
    objective : TrainingObjective
        What the metric asks for: it has the parameters of ``loss``, and early stopping measures
        it, where the model minimises the squared error too.
    """

    shape: DatasetShape
    seed: int
    n_threads: int = 1
    iterations: int | None = None
    loss: LossKind = LossKind.SQUARED
    objective: TrainingObjective = SQUARED_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPackage:
    """A package that a family needs to train, and that is not installed with Espalier itself.

    Attributes
    ----------
    module : str
        Name by which it is imported.
    distribution : str
        Name by which it is installed.
    extra : str
        The extra of Espalier that brings it; empty for a family of the user's own.
    """

    module: str
    distribution: str
    extra: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether it can be imported; it is not imported to find out."""
        return find_spec(self.module) is not None

    @property
    def how_to_install(self) -> str:
        """The command that installs it."""
        what = f"'espalier[{self.extra}]'" if self.extra else self.distribution
        return f"pip install {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """A model family.

    Attributes
    ----------
    name : str
        Key in the registry and on the command line.
    label : str
        Name shown to users.
    problems : frozenset of ProblemKind
        Kinds of problems that it can solve.
    space : callable (shape) -> ConfigurationSpace
        Its own hyperparameters with conditions and defaults, without preprocessing.
    build : callable (values, context) -> estimator
        A fresh scikit-learn style estimator. A module-level function, so that it pickles.
    expected_seconds : callable (values, shape) -> float
        Seconds to fit once on all rows on one core, to within a factor of a few.
    preprocessing : PreprocessingTraits
        Preprocessing choices that the family allows.
    limits : LearnerLimits
        Largest tables that it is used for.
    early_stopping : bool
        Whether ``fit`` takes ``eval_set=(X, y)`` and sets ``n_iterations_``. In every family,
        ``fit`` also receives those of ``sample_weight``, ``groups``, ``times``, ``eval_weight``,
        ``categorical`` and ``deadline`` that its signature names.
    anytime : bool
        Whether ``fit`` takes ``deadline`` and stops at it with a usable model.
    interpretable : bool
        Whether a person can read the fitted model.
    expected_mb : callable (values, shape) -> float, or None
        MiB that a fit takes beside its matrix and a few copies of it; None if negligible.
    weighs : bool
        Whether ``fit`` takes ``sample_weight``.
    packages : tuple of str
        Distributions that a served model of this family needs beside scikit-learn.
    losses : frozenset of LossKind
        Losses of a numeric target that it can minimise. A target whose deviance is minimised comes
        with mean 1. Where a metric asks for another loss, the squared error is minimised.
    by_default : bool
        Whether a search uses it without being told to.
    from_seconds : float or None
        Time budget in seconds from which a search uses it without being told to all the same, where
        its default takes a small part of that; None for no such budget.
    least_operations : callable (values, shape) -> float, or None
        Operations for one row that a model of these hyperparameters takes at least, known before
        it is trained; None where only the fitted model tells.
    resembles : str or None
        Family whose default tells what to expect of this one where experience has no trial of it.
    passes : str or None
        Whole-number hyperparameter that the seconds of a fit are proportional to. Where time is
        short, its default is lowered to what fits.
    trained_by : TrainingPackage or None
        The package that trains it, if that may be missing. A search for readable models uses such
        a family wherever its package is installed.
    inherits : bool
        Whether ``fit`` takes ``parent``, a model of the family that was fitted to the same rows
        or a part of them, to start from.
    of_categories : callable (shape) -> ConfigurationSpace, or None
        Hyperparameters of its own way to treat categories: active where ``prep_encoding`` is
        ``native``. None if there are none.
    starters : callable (shape) -> tuple of mappings, or None
        Values that differ from the defaults of configurations worth an early trial beside the
        default; None if there are none.
    varies : callable (values) -> bool, or None
        Whether models of these hyperparameters that differ by their seed alone are worth
        averaging; None if they are not.
    """

    name: str
    label: str
    problems: frozenset[ProblemKind]
    space: "Callable[[DatasetShape], ConfigurationSpace]"
    build: Callable[[Mapping[str, Value], BuildContext], Any]
    expected_seconds: Callable[[Mapping[str, Value], DatasetShape], float]
    preprocessing: PreprocessingTraits = field(default_factory=PreprocessingTraits)
    limits: LearnerLimits = field(default_factory=LearnerLimits)
    early_stopping: bool = False
    anytime: bool = False
    interpretable: bool = False
    weighs: bool = True
    packages: tuple[str, ...] = ()
    expected_mb: Callable[[Mapping[str, Value], DatasetShape], float] | None = None
    losses: frozenset[LossKind] = frozenset({LossKind.SQUARED})
    by_default: bool = True
    from_seconds: float | None = None
    least_operations: Callable[[Mapping[str, Value], DatasetShape], float] | None = None
    resembles: str | None = None
    passes: str | None = None
    trained_by: TrainingPackage | None = None
    inherits: bool = False
    of_categories: "Callable[[DatasetShape], ConfigurationSpace] | None" = None
    starters: Callable[[DatasetShape], tuple[Mapping[str, Value], ...]] | None = None
    varies: Callable[[Mapping[str, Value]], bool] | None = None

    @property
    def is_installed(self) -> bool:
        """Whether the package that trains it, if it needs one, is installed."""
        return self.trained_by is None or self.trained_by.is_installed

    def admits(self, shape: DatasetShape) -> bool:
        """Whether the family can be used on a dataset of this shape."""
        if self.preprocessing.pixels and not shape.n_pixels:
            return False
        if self.preprocessing.tokens and not shape.n_text:
            return False
        return shape.problem in self.problems and self.limits.admit(shape)


def always_varies(values: Mapping[str, Value]) -> bool:
    """For `Learner.varies` of networks: their first weights are drawn, whatever the values are."""
    del values
    return True
