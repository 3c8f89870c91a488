"""Scalers of numeric columns, chosen by name."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import PowerTransformer, QuantileTransformer, RobustScaler

from espalier.pipelines.seeds import drawn_rows

SCALINGS = ("none", "standard", "robust", "quantile", "power", "both")

# Beyond this many standard deviations a value is an outlier that would only pull a linear fit.
_FAR = 12.0
_ROWS_FOR_SCALE = 20_000
_ROWS_FOR_VALUES = 1_000
# Up to this many rows are compared with all quantiles at once: a search per column costs more.
_FEW_ROWS = 16


class ClippedScaler(TransformerMixin, BaseEstimator):
    """Standardise columns to mean 0 and standard deviation 1, and clip extreme values.

    Otherwise one extreme value at prediction time could dominate a linear model's prediction.

    Parameters
    ----------
    far : float
        Largest absolute scaled value that is kept.
    """

    def __init__(self, far: float = _FAR) -> None:
        self.far = far

    def fit(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> "ClippedScaler":
        """Learn the mean and deviation of each column of ``X``, shape (n_rows, n_columns)."""
        del y
        with np.errstate(invalid="ignore", over="ignore"):
            self.mean_ = np.nan_to_num(np.mean(X, axis=0))
            deviation = np.std(X, axis=0)
        self.scale_ = np.where(np.isfinite(deviation) & (deviation > 0), deviation, 1.0)
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the scaled columns."""
        return np.clip((X - self.mean_) / self.scale_, -self.far, self.far)


class SmoothRobustScaler(TransformerMixin, BaseEstimator):
    """Scale by quantiles, then bend outliers smoothly to within (-3, 3).

    The robust scaling and smooth clipping of RealMLP (Holzmüller, Grinsztajn, Steinwart:
    *Better by default*, 2024).

    Parameters
    ----------
    seed : int
        Seed of the rows that the quantiles are learned from.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> "SmoothRobustScaler":
        """Learn median and spread of each column of ``X``, shape (n_rows, n_columns)."""
        del y
        if len(X) > _ROWS_FOR_SCALE:
            X = X[drawn_rows(len(X), _ROWS_FOR_SCALE, seed=self.seed)]
        robust = RobustScaler().fit(X)
        self.center_ = robust.center_
        # Most values of some columns are equal: their range stands in for their quartiles.
        spread = np.percentile(X, 75, axis=0) - np.percentile(X, 25, axis=0)
        width = (np.max(X, axis=0) - np.min(X, axis=0)) / 2
        scale = np.where(spread > 0, spread, width)
        self.scale_ = np.where(scale > 0, scale, 1.0)
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the scaled columns."""
        scaled = np.clip((X - self.center_) / self.scale_, -1e9, 1e9)
        return scaled / np.sqrt(1 + (scaled / 3) ** 2)


def make_scaler(name: str, *, seed: int) -> Any:
    """Return an unfitted scaler.

    Parameters
    ----------
    name : str
        ``standard``, ``robust``, ``quantile`` (to a normal distribution), ``power``
        (Yeo-Johnson) or ``both`` (standard and quantile side by side).
    seed : int
        Seed of the rows that are looked at in long tables.
    """
    if name == "standard":
        return ClippedScaler()
    if name == "robust":
        return SmoothRobustScaler(seed)
    if name == "quantile":
        return RankGauss(seed)
    if name == "both":
        return StandardAndRanks(seed)
    if name == "power":
        return BoundedPower(seed)
    raise ValueError(f"scaling must be one of {', '.join(SCALINGS)}; got {name!r}")


class RankGauss(TransformerMixin, BaseEstimator):
    """Map the ranks of each column to a normal distribution, then bring it to deviation 1.

    Without the second step a column of mostly zeros would lie five deviations from its middle,
    where the normal distribution puts its ends.

    Parameters
    ----------
    seed : int
        Seed of the rows that the quantiles are learned from.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> "RankGauss":
        """Learn the quantiles of each column of ``X``, shape (n_rows, n_columns)."""
        del y
        self.ranks_ = QuantileTransformer(
            n_quantiles=max(2, min(200, len(X))),
            output_distribution="normal",
            subsample=_ROWS_FOR_SCALE,
            random_state=self.seed,
        ).fit(X)
        self.after_ = ClippedScaler(4.0).fit(self._normal(X))
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the columns mapped to a normal distribution."""
        return self.after_.transform(self._normal(X))

    def _normal(self, X: NDArray[Any]) -> NDArray[Any]:
        # Not by scikit-learn's own transform: that takes 0.3 ms a column, for one row, too.
        return np.clip(ndtri(_ranks(X, self.ranks_.quantiles_)), -3.0, 3.0)


class StandardAndRanks(TransformerMixin, BaseEstimator):
    """Output each column twice: standardised, and by its ranks.

    A linear model can then follow a skewed column along either scale, or between them.

    Parameters
    ----------
    seed : int
        Seed of the rows that the quantiles are learned from.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> "StandardAndRanks":
        """Learn both scales of ``X``, shape (n_rows, n_columns)."""
        del y
        self.standard_ = ClippedScaler().fit(X)
        ranks = RankGauss(self.seed).fit(X)
        # Two values are two values on any scale.
        part = X[drawn_rows(len(X), _ROWS_FOR_VALUES, seed=self.seed)]
        self.several_ = np.array([len(np.unique(column)) > 2 for column in part.T])
        self.ranks_ = ranks
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the standardised columns, then the ranked ones."""
        return np.hstack([self.standard_.transform(X), self.ranks_.transform(X)[:, self.several_]])


class BoundedPower(TransformerMixin, BaseEstimator):
    """Yeo-Johnson transformation of standardised columns, fitted on at most 5,000 rows.

    Standardising first keeps the powers of large numbers from overflowing.

    Parameters
    ----------
    seed : int
        Seed of these rows.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> "BoundedPower":
        """Learn the exponents of the columns of ``X``, shape (n_rows, n_columns)."""
        del y
        self.before_ = ClippedScaler().fit(X)
        part = X if len(X) <= 5_000 else X[drawn_rows(len(X), 5_000, seed=self.seed)]
        with np.errstate(all="ignore"):
            self.power_ = PowerTransformer(standardize=False).fit(self.before_.transform(part))
            self.after_ = ClippedScaler().fit(self._powers(X))
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the columns with their skew taken out."""
        return self.after_.transform(self._powers(X))

    def _powers(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.nan_to_num(self.power_.transform(self.before_.transform(X)))


def _ranks(X: NDArray[Any], quantiles: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rank of each value among the quantiles of its column, in [0, 1]; NaN stays.

    Ranks are interpolated between two quantiles. A value that equals several quantiles gets their
    mean rank, except at the ends, where it gets 0 or 1.

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
        Values.
    quantiles : array, shape (n_quantiles, n_columns)
        Evenly spaced quantiles of each column, ascending.
    """
    last = len(quantiles) - 1
    if len(X) <= _FEW_ROWS:
        below = (quantiles < X[:, None, :]).sum(axis=1)
        up_to = (quantiles <= X[:, None, :]).sum(axis=1)
    else:
        below, up_to = np.empty((2, *X.shape), dtype=np.int64)
        for column, (values, points) in enumerate(zip(X.T, quantiles.T, strict=True)):
            below[:, column] = np.searchsorted(points, values, side="left")
            up_to[:, column] = np.searchsorted(points, values, side="right")
    high = np.clip(below, 1, last)
    upper = np.take_along_axis(quantiles, high, axis=0)
    lower = np.take_along_axis(quantiles, high - 1, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = high - (upper - X) / (upper - lower)
    places = np.where(up_to > below, 0.5 * (below + up_to - 1), between)
    places = np.where(up_to > last, last, places)
    places = np.where(below == 0, 0, places)
    return np.where(np.isnan(X), np.nan, places / max(last, 1))
