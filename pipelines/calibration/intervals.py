"""Prediction intervals from out-of-fold residuals, by conformal prediction.

    [ f(x) + s(x) q_low,  f(x) + s(x) q_high ]

with f the ensemble, s a scale, and q_low and q_high order statistics of the signed residuals
(y - f) / s of rows that neither f nor s was fitted to: the (alpha / 2) and (1 - alpha / 2) ones,
with the finite-sample correction of split conformal prediction (Papadopoulos, Proedrou, Vovk,
Gammerman 2002, "Inductive confidence machines for regression"; normalised residuals: Lei,
G'Sell, Rinaldo, Tibshirani, Wasserman 2018, "Distribution-free predictive inference for
regression"; signed ones: Linusson, Johansson, Löfström 2014, "Signed-error conformal
regression").

What to expect. Split conformal prediction covers new rows with at least the probability asked for,
on average over rows (not for each kind of row), if rows are exchangeable and the residuals are
those of a model that was chosen without them. Neither holds quite here:

- Trials and ensemble were chosen for small residuals on these same rows, so that residuals of new
  rows are larger: with 60 rows and a hundred equally good models, 90 % intervals hold 87 %. The
  share of residuals below a bound is therefore raised by `LUCK` standard errors, which makes up
  for that (docs/decisions/0044-many-looks-at-one-holdout.md); it is nothing with many rows.
- The model that serves is a refit to all rows, while residuals are those of cross-validation: the
  K-fold jackknife. It covers as asked where leaving a fold out changes predictions little (Barber,
  Candès, Ramdas, Tibshirani 2021, "Predictive inference with the jackknife+", theorem 5). Models
  of folds see fewer rows, which makes intervals a little too wide; predictions that are the mean
  of several repeats of cross-validation are better than one model's, which makes them too narrow.
- Rows of a group resemble each other, so residuals count as fewer than they are, as far as their
  coverage differs between groups.

So coverage is what was asked for, nearly, and not a guarantee; a drift of the data voids it. A
training with a hold-out measures it there.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from espalier.pipelines.ensemble.combination import Floats

ScaledBy = Literal["constant", "prediction", "spread"]
# Orders this close to a whole number are rounded to it.
ROUNDING = 1e-9
# Standard errors by which the share of residuals below a bound is raised.
LUCK = 0.55


@dataclass(frozen=True, slots=True, eq=False)
class ResidualScale:
    """The typical size of residuals, as a function of one number of a row.

    Attributes
    ----------
    by : str
        What that number is: ``constant`` (none), ``prediction`` (the predicted value) or
        ``spread`` (the standard deviation of the members' values).
    at, value : array, shape (knots,)
        The scale is linear between the knots and constant beyond them.
    """

    by: ScaledBy
    at: Floats
    value: Floats

    def of(self, prediction: Floats, spread: Floats) -> Floats:
        """Return the positive scale of rows, shape (n,)."""
        if self.by == "constant":
            return np.full(len(prediction), float(self.value[0]))
        known = prediction if self.by == "prediction" else spread
        return np.interp(known, self.at, self.value)


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Scaled residuals and their scale, from which prediction intervals are computed.

    Attributes
    ----------
    residuals : array, shape (n,)
        Signed residuals divided by their scale, in increasing order.
    weight : array or None, shape (n,)
        Weights of the residuals, with mean 1; None if all are equal.
    scale : ResidualScale
        The scale of new rows.
    effective : float or None
        Number of independent residuals that would be as informative; None for exact order
        statistics, without making up for the choice of the model.
    """

    residuals: Floats
    weight: Floats | None
    scale: ResidualScale
    effective: float | None = None

    def bounds(self, prediction: Floats, spread: Floats, coverage: float) -> tuple[Floats, Floats]:
        """Return lower and upper bounds, shape (n,) each, around predictions.

        Parameters
        ----------
        prediction : array, shape (n,)
            Predicted values; they lie between the bounds.
        spread : array, shape (n,)
            Standard deviation of the members' values.
        coverage : float
            Share of rows whose value is to lie between the bounds, in (0, 1). Infinite bounds
            say that there were too few residuals to tell.

        Raises
        ------
        ValueError
            The coverage is not in (0, 1).
        """
        if not 0.0 < coverage < 1.0:
            raise ValueError(f"coverage must be between 0 and 1, not {coverage}")
        scale = self.scale.of(prediction, spread)
        one_side = (1.0 + coverage) / 2.0
        high = _order_statistic(self.residuals, self.weight, one_side, self.effective)
        reversed_weight = None if self.weight is None else self.weight[::-1]
        low = -_order_statistic(-self.residuals[::-1], reversed_weight, one_side, self.effective)
        lower = prediction + scale * min(low, 0.0)
        upper = prediction + scale * max(high, 0.0)
        return np.minimum(lower, prediction), np.maximum(upper, prediction)


def _order_statistic(
    values: Floats, weight: Floats | None, share: float, effective: float | None
) -> float:
    """Return the smallest of the sorted values with at least ``share`` of the mass up to it.

    With ``effective`` independent values, the share is raised by `LUCK` standard errors, though
    not beyond the largest value.

    The mass includes that of one new row at infinity (Tibshirani, Barber, Candès, Ramdas 2019,
    "Conformal prediction under covariate shift", with the new row's weight at the mean).
    """
    n = len(values)
    masses = np.arange(1.0, n + 1.0) if weight is None else np.cumsum(weight)
    wanted = share * (n + 1) - ROUNDING
    if wanted > masses[-1]:
        return float("inf")
    if effective is not None:
        luck = LUCK * np.sqrt(share * (1.0 - share) / effective)
        wanted = min(n * (share * (1.0 + 1.0 / effective) + luck) - ROUNDING, masses[-1])
    return float(values[min(int(np.searchsorted(masses, wanted, side="left")), n - 1)])
