"""Support vector machines (Cortes and Vapnik 1995) with a Gaussian kernel.

Below a row limit the kernel is exact; above it, a linear model works on Nystroem features of the
same kernel (Williams and Seeger 2001).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.splitting.inner_folds import RowFacts, inner_folds
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.learners.families.linear import BoundedRegressor
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import generator
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

_EXACT_ROWS = 4_000
_LANDMARKS = 400
_FOLDS = 3


class KernelClassifier(BaseEstimator):
    """A classifier of two classes or more with a Gaussian kernel.

    Two classes and an exact kernel: a support vector machine whose margins on rows left out
    (three folds, which keep groups together and go forward in time) are turned into probabilities
    (Platt 1999). Otherwise a logistic regression on landmarks of the kernel, because the margins of
    one machine per pair of classes cannot be calibrated to good probabilities of many classes.

    Parameters
    ----------
    C : float
        Penalty of a violated margin.
    width : float
        Factor on the default kernel width parameter, 1 / (total variance of the rows).
    exact : bool
        Whether the kernel is computed in full.
    seed : int
        Seed of folds and landmarks.
    """

    def __init__(
        self, C: float = 1.0, width: float = 1.0, exact: bool = True, seed: int = 0
    ) -> None:
        self.C = C
        self.width = width
        self.exact = exact
        self.seed = seed

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
        groups: NDArray[Any] | None = None,
        times: NDArray[Any] | None = None,
    ) -> "KernelClassifier":
        """Fit to ``X`` of shape (n_rows, n_columns) and class codes 0..k-1."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import SVC

        gamma = _gamma(X, self.width)
        self.classes_ = np.unique(y)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.calibration_ = None
        if not self.exact or len(self.classes_) > 2:
            self.model_ = _on_landmarks(
                LogisticRegression(C=self.C, max_iter=100, tol=1e-3), gamma, len(y), self.seed
            )
            self.model_.fit(X, y, model__sample_weight=weight)
            return self
        machine = SVC(C=self.C, gamma=gamma, cache_size=200, tol=1e-2, max_iter=200_000)
        facts = RowFacts(weight=weight, groups=groups, times=times)
        margins = self._margins(machine, X, y, facts)
        known = np.isfinite(margins)
        if len(np.unique(y[known])) < 2:
            # Groups or order leave a single class to calibrate on, or a class has one row.
            margins = np.nan_to_num(self._margins(machine, X, y, RowFacts(weight=weight)))
            known[:] = True
        self.calibration_ = LogisticRegression(C=10.0, max_iter=200, tol=1e-3)
        self.calibration_.fit(margins[known, None], y[known], sample_weight=weight[known])
        self.model_ = machine.fit(X, y, sample_weight=weight)
        return self

    def _margins(
        self, machine: Any, X: Any, y: NDArray[Any], facts: RowFacts
    ) -> NDArray[np.float64]:
        """Return margins by machines that did not see the row; NaN where there is none."""
        margins = np.full(len(y), np.nan)
        for fold in inner_folds(facts, _folds(y, self.seed), _FOLDS, seed=self.seed):
            if len(np.unique(y[fold.train])) == 2:
                weight = facts.take(fold.train).weight
                machine.fit(X[fold.train], y[fold.train], sample_weight=weight)
                margins[fold.valid] = machine.decision_function(X[fold.valid])
        return margins

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes, shape (n_rows,)."""
        return np.argmax(self.predict_proba(X), axis=1)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        if self.calibration_ is None:
            return self.model_.predict_proba(X)
        return self.calibration_.predict_proba(self.model_.decision_function(X)[:, None])


class KernelRegressor(BaseEstimator):
    """A support vector regressor, or ridge regression on landmarks of its kernel.

    Parameters
    ----------
    C, width, exact, seed
        As in `KernelClassifier`.
    epsilon : float
        Error that costs nothing, in standard deviations of the target.
    """

    def __init__(
        self,
        C: float = 1.0,
        width: float = 1.0,
        epsilon: float = 0.1,
        exact: bool = True,
        seed: int = 0,
    ) -> None:
        self.C = C
        self.width = width
        self.epsilon = epsilon
        self.exact = exact
        self.seed = seed

    def fit(
        self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None
    ) -> "KernelRegressor":
        """Fit to ``X`` of shape (n_rows, n_columns) and standardised values."""
        from sklearn.linear_model import Ridge
        from sklearn.svm import SVR

        gamma = _gamma(X, self.width)
        if self.exact:
            self.model_ = SVR(
                C=self.C, gamma=gamma, epsilon=self.epsilon, tol=1e-2, max_iter=200_000
            ).fit(X, y, sample_weight=sample_weight)
        else:
            self.model_ = _on_landmarks(Ridge(alpha=1.0 / self.C), gamma, len(y), self.seed)
            self.model_.fit(X, y, model__sample_weight=sample_weight)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,)."""
        return self.model_.predict(X)


def _gamma(X: Any, width: float) -> float:
    """Return the kernel width parameter: ``width`` over the total variance of the rows."""
    total = float(np.asarray(X, dtype=np.float64).var(axis=0).sum())
    return width / max(total, 1e-9)


def _folds(y: NDArray[Any], seed: int) -> NDArray[Any]:
    """Return a fold number for each row, every class spread evenly."""
    shuffled = generator(seed, "calibration folds").permutation(len(y))
    fold = np.empty(len(y), dtype=np.int64)
    fold[shuffled[np.argsort(y[shuffled], kind="stable")]] = np.arange(len(y)) % _FOLDS
    return fold


def _on_landmarks(model: Any, gamma: float, n_rows: int, seed: int) -> Any:
    """Return a pipeline of Nystroem features, a standardisation, and ``model``."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import Pipeline

    landmarks = Nystroem(gamma=gamma, n_components=min(_LANDMARKS, n_rows), random_state=seed)
    return Pipeline([("landmarks", landmarks), ("scale", StandardScaler()), ("model", model)])


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import ConfigurationSpace, Float

    exact = is_exact(shape)
    price = (0.01, 100.0, 1.0) if exact else (1e-5, 1.0, 0.01)
    parameters = [
        Float("C", price[:2], log=True, default=price[2]),
        Float("width", (0.03, 10.0), log=True, default=0.5),
    ]
    if exact and not shape.problem.is_classification:
        parameters.append(Float("epsilon", (0.01, 0.5), log=True, default=0.1))
    return ConfigurationSpace(space=parameters)


def is_exact(shape: DatasetShape) -> bool:
    """Whether the kernel is computed in full on tables of this shape."""
    return shape.n_rows <= _EXACT_ROWS and shape.problem is not ProblemKind.MULTICLASS


def build(values: Mapping[str, Value], context: BuildContext) -> Any:
    """Return an unfitted machine of these hyperparameters."""
    exact = is_exact(context.shape)
    C, width = float(values["C"]), float(values["width"])
    if context.shape.problem.is_classification:
        return KernelClassifier(C, width, exact, context.seed)
    epsilon = float(values.get("epsilon", 0.1))
    return BoundedRegressor(KernelRegressor(C, width, epsilon, exact, context.seed))


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    columns = matrix_columns(shape, per_category=6.0)
    if is_exact(shape):
        fits = 2.3 if shape.problem.is_classification else 1.0
        hard = 1.0 + np.log10(max(1.0, float(values["C"])))
        return float(0.05 + fits * hard * 3e-10 * shape.n_rows**2 * (columns + 30))
    passes = 60.0 * max(1, shape.n_classes - 1) if shape.problem.is_classification else 40.0
    return 0.05 + 4e-10 * shape.n_rows * _LANDMARKS * (columns + passes)


SVM = Learner(
    name="svm",
    label="Support vector machine",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        scaling=("quantile", "standard", "robust", "power", "both"),
        encoding=("onehot", "target"),
        imputation=("median", "mean"),
        projection=False,
        directions=128,
    ),
    limits=LearnerLimits(max_rows=100_000, max_columns=3_000, max_classes=50),
)
