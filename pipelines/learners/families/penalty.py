"""Linear models that choose the strength of their own penalty.

The right strength varies by orders of magnitude between tables, and finding it costs a linear
model less than one trial: fits along a path of strengths, each started where the last one ended
(Friedman, Hastie and Tibshirani 2010), judged on rows left out.
"""

import inspect
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from espalier.pipelines.data.splitting.inner_folds import RowFacts, inner_folds
from espalier.pipelines.learners.base.row_span import row_span
from espalier.pipelines.learners.losses.linear_losses import LogLinear, ReweightedQuantile
from espalier.pipelines.metrics.objective import deviance
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator

# The strongest leave next to nothing but the mean, which is best where rows of one group tell
# little of another.
_STRONG = (12.8, 3.2, 0.8)
STRENGTHS = _STRONG + tuple(float(f"{each:.3g}") for each in np.geomspace(0.2, 5e-5, 7))

# Predictions of a target of mean 1 beyond these cost no more.
_SENSIBLE = (1e-6, 1e6)
_VALIDATION_ROWS = 12_000
_FEW_ROWS = 1_000
_FEW_GROUPS = 100
_FOLDS = 4


class Ridge(BaseEstimator):
    """Ridge regression: solved directly for dense input, by bounded iteration for sparse.

    Parameters
    ----------
    strength : float
        Penalty on the squared weights, per row.
    in_span : bool
        Whether rows of many columns are described by their products (`row_span`).
    """

    def __init__(self, strength: float = 1e-3, in_span: bool = False) -> None:
        self.strength = strength
        self.in_span = in_span

    def fit(self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> "Ridge":
        """Fit to ``X`` of shape (n_rows, n_columns)."""
        from sklearn import linear_model

        alpha = self.strength * len(y)
        if sp.issparse(X):
            model = linear_model.Ridge(alpha, solver="sparse_cg", max_iter=200, tol=1e-3)
        else:
            model = linear_model.Ridge(alpha)
        span = row_span(X) if self.in_span else None
        rows = X if span is None else span.coordinates
        self.model_ = model.fit(rows, y, sample_weight=sample_weight)
        if span is not None:
            span.unfold(self.model_)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,)."""
        return self.model_.predict(X)


class Logistic(BaseEstimator):
    """Logistic regression with a penalty on the squared weights.

    Parameters
    ----------
    strength : float
        Penalty per row.
    max_iter : int
        Steps of the solver at most.
    in_span : bool
        Whether rows of many columns are described by their products (`row_span`).
    """

    def __init__(self, strength: float = 1e-3, max_iter: int = 150, in_span: bool = False) -> None:
        self.strength = strength
        self.max_iter = max_iter
        self.in_span = in_span

    def fit(self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> "Logistic":
        """Fit to ``X`` of shape (n_rows, n_columns) and class codes, from the last solution on."""
        from sklearn.linear_model import LogisticRegression

        span = row_span(X) if self.in_span else None
        if span is not None or not hasattr(self, "model_"):
            self.model_ = LogisticRegression(tol=1e-4, warm_start=True)
        self.model_.set_params(C=1.0 / (self.strength * len(y)), max_iter=self.max_iter)
        rows = X if span is None else span.coordinates
        self.model_.fit(rows, y, sample_weight=sample_weight)
        if span is not None:
            span.unfold(self.model_)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes, shape (n_rows,)."""
        return self.model_.predict(X)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return self.model_.predict_proba(X)


class ElasticLogistic(BaseEstimator):
    """Logistic regression with a penalty on the squared and the absolute weights.

    Parameters
    ----------
    strength : float
        Penalty per row.
    l1_ratio : float
        Share of the absolute weights in it, in (0, 1].
    seed : int
        Seed of the solver.
    """

    def __init__(self, strength: float = 1e-3, l1_ratio: float = 0.5, seed: int = 0) -> None:
        self.strength = strength
        self.l1_ratio = l1_ratio
        self.seed = seed

    def fit(
        self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None
    ) -> "ElasticLogistic":
        """Fit to ``X`` of shape (n_rows, n_columns) and class codes."""
        from sklearn.linear_model import LogisticRegression

        settings: dict[str, Any] = {
            "C": 1.0 / (self.strength * max(len(y), 2)),
            "solver": "saga",
            "l1_ratio": self.l1_ratio,
            "max_iter": 60,
            "tol": 1e-2,
            "random_state": self.seed,
        }
        # From scikit-learn 1.8 on, l1_ratio alone names the penalty.
        if inspect.signature(LogisticRegression).parameters["penalty"].default != "deprecated":
            settings["penalty"] = "elasticnet"
        self.model_ = LogisticRegression(**settings).fit(X, y, sample_weight=sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes, shape (n_rows,)."""
        return self.model_.predict(X)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return self.model_.predict_proba(X)


class ChosenStrength(BaseEstimator):
    """Choose the penalty strength on validation rows, then fit to all rows.

    Validation rows are of other groups than those fitted to, and newer, where rows have either.

    Parameters
    ----------
    model : Ridge, Logistic or LogLinear
        The model to fit; copies of it get each ``strength``.
    seed : int
        Seed of the folds.
    level : float or None
        The quantile that the last fit is for, by the strength chosen for the mean; None for the
        mean.
    in_span : bool
        Whether rows of many columns are described by their products (`row_span`), once for all
        strengths.
    """

    def __init__(
        self,
        model: Ridge | Logistic | LogLinear,
        seed: int = 0,
        level: float | None = None,
        in_span: bool = False,
    ) -> None:
        self.model = model
        self.seed = seed
        self.level = level
        self.in_span = in_span

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
        deadline: Deadline | None = None,
        groups: NDArray[Any] | None = None,
        times: NDArray[Any] | None = None,
    ) -> "ChosenStrength":
        """Fit to ``X`` of shape (n_rows, n_columns) and ``y`` of codes or values."""
        span = row_span(X) if self.in_span and self.level is None else None
        if span is not None:
            X = span.coordinates
        rows = generator(self.seed, "penalty").permutation(len(y))[:_VALIDATION_ROWS]
        facts = RowFacts(groups=groups, times=times).take(rows)
        folds = inner_folds(facts, np.arange(len(rows)) % _FOLDS, _FOLDS, seed=self.seed)
        # One split of few rows, or groups, is too noisy to choose by: every row validates once.
        units = len(rows) if facts.groups is None else len(np.unique(facts.groups))
        if len(rows) > _FEW_ROWS and (facts.groups is None or units > _FEW_GROUPS):
            folds = folds[-1:] if facts.times is not None else folds[:1]
        losses = np.zeros(len(STRENGTHS))
        for fold in folds:
            train, valid = rows[fold.train], rows[fold.valid]
            if len(np.unique(y[train])) < 2:
                continue
            losses += self._path(X, y, sample_weight, train, valid, deadline)
        self.strength_ = STRENGTHS[int(np.argmin(losses))]
        self.model_ = clone(self.model).set_params(strength=self.strength_)
        if self.level is not None:
            self.model_ = ReweightedQuantile(self.model_, self.level)
        self.model_.fit(X, y, sample_weight=sample_weight)
        if span is not None:
            span.unfold(self.model_.model_)
        if isinstance(self.model_, Logistic):
            self.classes_ = self.model_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values or class codes, shape (n_rows,)."""
        return self.model_.predict(X)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return self.model_.predict_proba(X)

    def _path(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        train: NDArray[Any],
        valid: NDArray[Any],
        deadline: Deadline | None,
    ) -> NDArray[np.float64]:
        """Return the loss on ``valid`` for each strength; large for those not reached."""
        weight = None if sample_weight is None else sample_weight[train]
        valid_weight = None if sample_weight is None else sample_weight[valid]
        model = clone(self.model)
        losses = np.full(len(STRENGTHS), np.inf)
        for position, strength in enumerate(STRENGTHS):
            model.set_params(strength=strength)
            model.fit(X[train], y[train], sample_weight=weight)
            losses[position] = _loss(model, X[valid], y[valid], valid_weight)
            late = deadline is not None and deadline.passed
            # Once it has risen clearly, a weaker penalty will not bring it down again.
            if late or losses[position] > 1.1 * losses.min() + 1e-9:
                break
        worst = float(losses[np.isfinite(losses)].max())
        return np.where(np.isfinite(losses), losses, 10 * worst)


def _loss(model: Any, X: Any, y: NDArray[Any], weight: NDArray[Any] | None) -> float:
    """Return log loss, half the mean deviance or mean squared error."""
    if isinstance(model, LogLinear):
        predicted = np.clip(model.predict(X), *_SENSIBLE)
        return deviance(y, predicted, model.power, weight)
    if not isinstance(model, Logistic):
        return float(np.average((model.predict(X) - y) ** 2, weights=weight))
    known = np.isin(y, model.classes_)
    if not known.any():
        return 0.0
    scores = model.predict_proba(X[known])
    place = np.searchsorted(model.classes_, y[known])
    chance = np.maximum(scores[np.arange(len(place)), place], 1e-9)
    return float(np.average(-np.log(chance), weights=None if weight is None else weight[known]))
