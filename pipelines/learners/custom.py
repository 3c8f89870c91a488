"""The user's own scikit-learn estimator as a model family."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

# What any scikit-learn estimator can take: finite numbers on one scale.
_CAREFUL = PreprocessingTraits(
    scaling=("standard", "quantile", "robust", "power"),
    encoding=("onehot", "target"),
    imputation=("median", "mean"),
    projection=True,
)


def learner_from_estimator(
    name: str,
    estimator: Any,
    *,
    space: "Mapping[str, Any] | ConfigurationSpace | None" = None,
    problems: Iterable[ProblemKind | str] | None = None,
    preprocessing: PreprocessingTraits | None = None,
    limits: LearnerLimits | None = None,
    packages: tuple[str, ...] = (),
    seconds_per_thousand_rows: float = 0.5,
    interpretable: bool = False,
) -> Learner:
    """Return a model family made from a scikit-learn estimator.

    Parameters
    ----------
    name : str
        Name of the family: letters, digits and underscores.
    estimator : scikit-learn estimator
        With ``fit`` and ``predict``; cloned for each trial. Its ``random_state`` and ``n_jobs``
        are set by the search, if it has them. If the rows have weights and its ``fit`` takes no
        ``sample_weight``, a warning says that it learns from all rows alike. For metrics of
        logarithms, such as ``rmsle``, it is fitted to those of the target.
    space : mapping, ConfigurationSpace or None
        Parameters of the estimator to tune, in the short form of ConfigSpace: a list of choices,
        or a pair of bounds. The estimator's own value is the default where it lies within.
    problems : iterable of ProblemKind or str, or None
        Kinds of problems it solves; None to infer them from the type of the estimator.
    preprocessing : PreprocessingTraits or None
        Preprocessing choices; None imputes, scales and one-hot encodes.
    limits : LearnerLimits or None
        Largest tables that it is used for; None for no limits.
    packages : tuple of str
        Distributions a served model needs beside scikit-learn.
    seconds_per_thousand_rows : float
        Approximate time of a fit on one core.
    interpretable : bool
        Whether a person can read the fitted model.

    Raises
    ------
    UserError
        The name, the estimator or a parameter of the space cannot be used.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> tree = learner_from_estimator(
    ...     "tree", DecisionTreeClassifier(), space={"max_depth": (1, 12)}
    ... )
    >>> tree.name
    'tree'
    """
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise UserError(f"a family's name is made of letters, digits and underscores, not {name!r}")
    if inspect.isclass(estimator) or not all(
        callable(getattr(estimator, method, None)) for method in ("fit", "predict", "get_params")
    ):
        raise UserError(f"family {name!r} needs a scikit-learn estimator object with fit, predict")
    return Learner(
        name=name,
        label=type(estimator).__name__,
        problems=_problems(name, estimator, problems),
        space=_Space(name, estimator, space),
        build=_Build(estimator),
        expected_seconds=_Seconds(seconds_per_thousand_rows),
        preprocessing=preprocessing or _CAREFUL,
        limits=limits or LearnerLimits(),
        interpretable=interpretable,
        weighs="sample_weight" in inspect.signature(estimator.fit).parameters,
        packages=packages,
    )


def _problems(
    name: str, estimator: Any, problems: Iterable[ProblemKind | str] | None
) -> frozenset[ProblemKind]:
    if problems is not None:
        try:
            return frozenset(ProblemKind(problem) for problem in problems)
        except ValueError as error:
            kinds = ", ".join(kind.value for kind in ProblemKind)
            raise UserError(f"family {name!r}: {error}; the problems are {kinds}") from None
    from sklearn.base import is_classifier, is_regressor

    if is_classifier(estimator):
        return frozenset({ProblemKind.BINARY, ProblemKind.MULTICLASS})
    if is_regressor(estimator):
        return frozenset({ProblemKind.REGRESSION})
    raise UserError(f"family {name!r} is neither classifier nor regressor; give problems=")


class _Space:
    """Factory of the user's search space; a class, so that it can be pickled."""

    def __init__(self, name: str, estimator: Any, given: Any) -> None:
        known = estimator.get_params()
        names = [] if given is None else list(given)
        unknown = [each for each in names if each not in known]
        if unknown:
            raise UserError(
                f"family {name!r}: {type(estimator).__name__} has no parameter "
                f"{', '.join(map(repr, unknown))}"
            )
        self._given = given
        self._own = {each: known[each] for each in names}
        self(None)

    def __call__(self, shape: DatasetShape | None) -> "ConfigurationSpace":
        del shape
        from ConfigSpace import ConfigurationSpace
        from ConfigSpace.exceptions import IllegalValueError

        if isinstance(self._given, ConfigurationSpace):
            return self._given
        made: ConfigurationSpace = ConfigurationSpace(dict(self._given or {}))
        for each, value in self._own.items():
            hyperparameter = made[each]
            if hyperparameter.legal_value(value):
                try:
                    hyperparameter.default_value = value
                except (AttributeError, IllegalValueError):
                    continue
        return made


class _Build:
    """Factory of copies of the user's estimator; a class, so that it can be pickled."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def __call__(self, values: Mapping[str, Value], context: BuildContext) -> Any:
        from sklearn.base import clone

        made = clone(self._estimator)
        known = made.get_params()
        set_by_us = {"random_state": context.seed, "n_jobs": context.n_threads}
        made.set_params(
            **{each: value for each, value in set_by_us.items() if each in known}, **values
        )
        return made


class _Seconds:
    """Expected seconds in proportion to the rows; a class, so that it can be pickled."""

    def __init__(self, per_thousand_rows: float) -> None:
        self._per_thousand_rows = per_thousand_rows

    def __call__(self, values: Mapping[str, Value], shape: DatasetShape) -> float:
        del values
        return 0.05 + self._per_thousand_rows * shape.n_rows / 1_000


if TYPE_CHECKING:
    # The three classes stand in for the functions that `Learner` asks for.
    _space: Callable[[DatasetShape], ConfigurationSpace] = _Space("", None, None)
    _build: Callable[[Mapping[str, Value], BuildContext], Any] = _Build(None)
    _seconds: Callable[[Mapping[str, Value], DatasetShape], float] = _Seconds(1.0)
