"""k-nearest neighbours (Fix and Hodges 1951)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.learners.families.weighed_neighbours import WeighedNeighbours
from espalier.pipelines.metrics.objective import LossKind
from espalier.pipelines.preprocessing.strength import mutual_information
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


# Least weight of a column, relative to the strongest one.
_FLOOR = 0.01


class Neighbours(BaseEstimator):
    """Predict from the k nearest training rows, with columns weighed by relevance.

    A row of weight w counts as w rows at one place: the nearest rows whose weights sum to k are
    used, at most 4 k of them, and the farthest of them in part.

    Parameters
    ----------
    n_neighbors : int
        k; at most the number of training rows.
    weights : str
        ``uniform`` or ``distance``.
    relevance : bool
        Whether distances weigh columns by their mutual information with the target.
    p : int
        1 for the Manhattan distance, 2 for the Euclidean one.
    classification : bool
        Whether ``y`` holds class codes.
    n_threads : int
        Threads.
    level : float or None
        The quantile of the neighbours to predict in regression; None for their mean.
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        weights: str = "distance",
        relevance: bool = True,
        p: int = 2,
        classification: bool = True,
        n_threads: int = 1,
        level: float | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.relevance = relevance
        self.p = p
        self.classification = classification
        self.n_threads = n_threads
        self.level = level

    def fit(
        self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None
    ) -> "Neighbours":
        """Store the rows ``X``, shape (n_rows, n_columns), and their ``y``."""
        from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

        self.factors_ = None
        if self.relevance:
            strength = mutual_information(
                X, y, classification=self.classification, weight=sample_weight
            )
            # Its square root, so that a column's part of a squared distance is its strength.
            factors = np.sqrt(strength / max(float(strength.max()), 1e-12) + _FLOOR)
            self.factors_ = factors.astype(np.float32)
        X = self._stretched(X)
        self.k_ = min(self.n_neighbors, len(y))
        if self.classification:
            shares = np.bincount(y, weights=sample_weight)
            self.prior_ = shares / shares.sum()
        self.weighed_: WeighedNeighbours | None = None
        if sample_weight is not None or self.level is not None:
            self.weighed_ = WeighedNeighbours(
                self.k_, self.weights == "distance", self.p, self.n_threads
            ).fit(X, self._targets(y), sample_weight)
            return self
        kind = KNeighborsClassifier if self.classification else KNeighborsRegressor
        self.model_ = kind(self.k_, weights=self.weights, p=self.p, n_jobs=self.n_threads)
        self.model_.fit(X, y)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values or class codes, shape (n_rows,)."""
        weighed = getattr(self, "weighed_", None)  # older versions had none
        if weighed is None:
            return self.model_.predict(self._stretched(X))
        if self.classification:
            return np.argmax(self.predict_proba(X), axis=1)
        level = getattr(self, "level", None)  # older versions had none
        if level is not None:
            return weighed.quantile(self._stretched(X), level)
        return np.asarray(weighed.predict(self._stretched(X))[0][:, 0])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes).

        One more neighbour is added that has the class frequencies of the training rows, so that no
        class is ever impossible (the m-estimate with m = 1).
        """
        weighed = getattr(self, "weighed_", None)
        if weighed is None:
            scores = self.model_.predict_proba(self._stretched(X))
            return (self.k_ * scores + self.prior_) / (self.k_ + 1)
        scores, mass = weighed.predict(self._stretched(X))
        return (mass[:, None] * scores + self.prior_) / (mass[:, None] + 1)

    def _targets(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Return what is averaged over neighbours, shape (n_rows, n_targets)."""
        if self.classification:
            return np.eye(len(self.prior_))[y]
        return np.asarray(y, dtype=np.float64)[:, None]

    def _stretched(self, X: NDArray[Any]) -> NDArray[Any]:
        return X if self.factors_ is None else X * self.factors_


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import Categorical, ConfigurationSpace, Integer

    return ConfigurationSpace(
        space=[
            Integer("n_neighbors", (1, 100), log=True, default=min(15, max(1, shape.n_rows // 4))),
            Categorical("weights", ["distance", "uniform"], default="distance"),
            Categorical("relevance", [True, False], default=True),
            Categorical("p", [2, 1], default=2),
        ]
    )


def build(values: Mapping[str, Value], context: BuildContext) -> Neighbours:
    """Return an unfitted model of these hyperparameters."""
    return Neighbours(
        n_neighbors=int(values["n_neighbors"]),
        weights=str(values["weights"]),
        relevance=bool(values["relevance"]),
        p=int(values["p"]),
        classification=context.shape.problem.is_classification,
        n_threads=context.n_threads,
        level=context.objective.level if context.loss is LossKind.QUANTILE else None,
    )


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit and to predict a fifth of the rows; prediction dominates."""
    per_pair = (2e-10 if values["p"] == 2 else 1e-9) * matrix_columns(shape, per_category=6.0)
    return 0.02 + 0.1 * shape.n_rows**2 * (per_pair + 3e-9)


def least_operations(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return the fewest operations for one row: those of distances in one column.

    A fold has at least half of the rows.
    """
    del values
    return float(shape.n_rows)


KNN = Learner(
    name="knn",
    label="k-nearest neighbours",
    problems=frozenset(ProblemKind),
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
    limits=LearnerLimits(max_rows=50_000, max_columns=2_000),
    # The mean of the neighbours is best for every deviance too.
    losses=frozenset({LossKind.SQUARED, LossKind.QUANTILE}),
    least_operations=least_operations,
)
