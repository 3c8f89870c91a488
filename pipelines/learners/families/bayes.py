"""Gaussian classifiers: naive Bayes, linear and quadratic discriminant analysis.

The three differ in the covariance they assume; in between lies regularised discriminant analysis
(Friedman 1989).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from sklearn.base import BaseEstimator, clone

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.row_weights import effective_count
from espalier.pipelines.data.splitting.inner_folds import RowFacts, inner_folds
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import generator
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

# Temperatures tried for the posterior: these models are overconfident.
_TEMPERATURES = np.geomspace(1.0, 30.0, 25)
_TEMPERATURE_ROWS = 12_000
_FEW_ROWS = 2_000
_FOLDS = 4


class GaussianClassifier(BaseEstimator):
    """Classify with one Gaussian distribution per class.

    A temperature makes the probabilities less certain: the one that fits best to rows left out, as
    covariances estimated from few rows look better on these than on any others. Folds keep groups
    together and go forward in time.

    Parameters
    ----------
    covariance : str
        ``shared`` by all classes (linear discriminant), ``own`` of each class, shrunk halfway
        to the shared one (quadratic), or ``diagonal`` and own (naive Bayes).
    shrinkage : float
        Share of the diagonal in ``shared`` and ``own`` covariances, in [0, 1]; of the overall
        variance in ``diagonal``.
    seed : int
        Seed of the rows left out.
    """

    def __init__(self, covariance: str = "shared", shrinkage: float = 0.1, seed: int = 0) -> None:
        self.covariance = covariance
        self.shrinkage = shrinkage
        self.seed = seed

    def fit(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
        groups: NDArray[Any] | None = None,
        times: NDArray[Any] | None = None,
    ) -> "GaussianClassifier":
        """Estimate from ``X`` of shape (n_rows, n_columns) and class codes 0..k-1."""
        X = np.asarray(X, dtype=np.float64)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        weight = np.maximum(weight, 1e-12)
        self.temperature_ = self._temperature(X, y, weight, RowFacts(groups=groups, times=times))
        self._estimate(X, y, weight)
        self.classes_ = np.arange(len(self.means_))
        return self

    def _estimate(self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any]) -> None:
        """Estimate the distribution of each class."""
        onehot = np.eye(int(y.max()) + 1)[y] * weight[:, None]
        totals = onehot.sum(axis=0)
        self.log_prior_ = np.log(totals / totals.sum())
        self.means_ = (onehot.T @ X) / totals[:, None]
        centred = X - self.means_[y]
        overall = (weight[:, None] * (X - np.average(X, axis=0, weights=weight)) ** 2).sum(axis=0)
        floor = overall / totals.sum() * 1e-3 + 1e-9
        if self.covariance == "diagonal":
            own = (onehot.T @ centred**2) / totals[:, None]
            self.variances_ = (
                (1 - self.shrinkage) * own + self.shrinkage * (overall / totals.sum()) + floor
            )
        else:
            shared = (centred * weight[:, None]).T @ centred / totals.sum()
            self.factors_ = [
                self._factor(covariance, floor)
                for covariance in self._covariances(shared, centred, onehot, totals)
            ]

    def _temperature(
        self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any], facts: RowFacts
    ) -> float:
        """Return the temperature of least log loss on rows left out; 1 if none can be."""
        drawn = generator(self.seed, "temperature").permutation(len(y))[:_TEMPERATURE_ROWS]
        known = facts.take(drawn)
        folds = inner_folds(known, np.arange(len(drawn)) % _FOLDS, _FOLDS, seed=self.seed)
        if len(drawn) > _FEW_ROWS and known.are_alike:
            folds = folds[:1]
        losses = np.zeros(len(_TEMPERATURES))
        for fold in folds:
            train, valid = drawn[fold.train], drawn[fold.valid]
            present = np.unique(y[train])
            valid = valid[np.isin(y[valid], present)]
            if len(present) < 2 or not len(valid):
                continue
            model = clone(self)
            model._estimate(X[train], np.searchsorted(present, y[train]), weight[train])
            joint, truth = model._log_joint(X[valid]), np.searchsorted(present, y[valid])
            losses += [
                -weight[valid] @ _log_softmax(joint / t)[np.arange(len(truth)), truth]
                for t in _TEMPERATURES
            ]
        return float(_TEMPERATURES[int(np.argmin(losses))])

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return class codes, shape (n_rows,)."""
        return np.argmax(self._log_joint(np.asarray(X, dtype=np.float64)), axis=1)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        scores = self._log_joint(np.asarray(X, dtype=np.float64))
        return np.exp(_log_softmax(scores / self.temperature_))

    def _covariances(
        self,
        shared: NDArray[Any],
        centred: NDArray[Any],
        onehot: NDArray[Any],
        totals: NDArray[Any],
    ) -> list[NDArray[Any]]:
        if self.covariance == "shared":
            return [shared]
        found = []
        for column, total in zip(onehot.T, totals, strict=True):
            inside = column > 0
            part = centred[inside]
            own = (part * column[inside, None]).T @ part / total
            # The covariance of a class with few rows is uncertain: it is shrunk to the shared one.
            n_rows = effective_count(column[inside])
            trust = 0.5 * n_rows / (n_rows + part.shape[1])
            found.append(trust * own + (1 - trust) * shared)
        return found

    def _factor(self, covariance: NDArray[Any], floor: NDArray[Any]) -> tuple[Any, float]:
        """Return the Cholesky factor of the shrunken covariance and its log determinant."""
        diagonal = np.diag(covariance)
        shrunken = (1 - self.shrinkage) * covariance
        shrunken[np.diag_indices_from(shrunken)] = diagonal + floor
        factor = cho_factor(shrunken, lower=True)
        return factor, 2 * float(np.log(np.diag(factor[0])).sum())

    def _log_joint(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return log prior plus log density, up to a constant, shape (n_rows, n_classes)."""
        scores = np.empty((len(X), len(self.means_)))
        for code, mean in enumerate(self.means_):
            shifted = X - mean
            if self.covariance == "diagonal":
                variances = self.variances_[code]
                distance = (shifted**2 / variances).sum(axis=1)
                volume = float(np.log(variances).sum())
            else:
                factor, volume = self.factors_[min(code, len(self.factors_) - 1)]
                distance = (shifted * cho_solve(factor, shifted.T).T).sum(axis=1)
            scores[:, code] = self.log_prior_[code] - 0.5 * (distance + volume)
        return scores


def _log_softmax(scores: NDArray[Any]) -> NDArray[Any]:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float

    crowded = matrix_columns(shape, per_category=6.0) > shape.n_rows / 5
    return ConfigurationSpace(
        space=[
            Categorical("covariance", ["shared", "own", "diagonal"], default="shared"),
            Float("shrinkage", (1e-3, 1.0), log=True, default=0.5 if crowded else 0.05),
        ]
    )


def build(values: Mapping[str, Value], context: BuildContext) -> GaussianClassifier:
    """Return an unfitted model of these hyperparameters."""
    return GaussianClassifier(str(values["covariance"]), float(values["shrinkage"]), context.seed)


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    columns = matrix_columns(shape, per_category=6.0)
    if values["covariance"] == "diagonal":
        return 0.02 + 1e-8 * shape.n_rows * columns * shape.n_classes
    return 0.02 + 2e-10 * shape.n_rows * columns**2 * shape.n_classes


BAYES = Learner(
    name="bayes",
    label="Naive Bayes and discriminant analysis",
    problems=frozenset({ProblemKind.BINARY, ProblemKind.MULTICLASS}),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        scaling=("quantile", "standard", "robust", "power"),
        encoding=("onehot", "target"),
        imputation=("median", "mean"),
        projection=True,
        directions=96,
    ),
    limits=LearnerLimits(max_columns=1_000, max_classes=200, max_rows=500_000),
    interpretable=True,
)
