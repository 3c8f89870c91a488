"""What is drawn, and how sure a figure is, where rows belong together.

Rows of one group (a patient, a shop) are not independent: a thousand rows of ten patients tell
about new patients what ten patients tell. So a bootstrap draws whole groups, and with few of them
its percentiles are too narrow: the spread of its samples is then taken as a standard error, with a
quantile of Student's t (Hesterberg 2015, "What teachers should know about the bootstrap", on the
factor n / (n - 1) and on t; Kish 1965, "Survey sampling", on the effective number of unequal
units, which gives the degrees of freedom).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Floats = NDArray[np.float64]
# With fewer units, a bound is the standard error times a quantile of Student's t.
FEW_UNITS = 30
# With fewer degrees of freedom, quantiles of t are of no use, and bounds are infinite.
FEWEST_DEGREES = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ResamplingUnits:
    """The units of a bootstrap: whole groups of rows, or single rows.

    Attributes
    ----------
    n_rows : int
        Number of rows.
    members : tuple of array of int64, or None
        Row positions of each group; None if each row is its own unit.
    effective : float
        Number of units of equal weight that would be as informative: (sum w)^2 / sum w^2 with w
        the total weight of a unit.
    """

    n_rows: int
    members: tuple[NDArray[np.int64], ...] | None = field(repr=False)
    effective: float

    @property
    def few(self) -> bool:
        """Whether there are so few units that percentiles of a bootstrap are too narrow."""
        return self.effective < FEW_UNITS

    @property
    def n_groups(self) -> int | None:
        """Number of groups; None if rows are drawn singly."""
        return None if self.members is None else len(self.members)

    def draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return row positions of as many units as there are, drawn with replacement."""
        if self.members is None:
            return rng.integers(0, self.n_rows, size=self.n_rows)
        drawn = rng.integers(0, len(self.members), size=len(self.members))
        return np.concatenate([self.members[group] for group in drawn])

    def half_width(self, samples: Floats, confidence: float) -> float:
        """Return the distance of a one-sided bound from the score.

        Parameters
        ----------
        samples : array, shape (n_samples,)
            Scores of bootstrap samples, all finite.
        confidence : float
            Confidence that the bound holds, in (0.5, 1).

        Returns
        -------
        float
            Infinite if the units are too few to tell: a single group.
        """
        degrees = self.effective - 1.0
        if not degrees >= FEWEST_DEGREES:
            return float("inf")
        # A bootstrap's variance is that of n units divided by n, not n - 1.
        error = float(samples.std()) * np.sqrt(self.effective / degrees)
        return float(error * stdtrit(degrees, confidence)) if error > 0 else 0.0

    def tail(self, confidence: float) -> float:
        """Return the share of bootstrap samples beyond a one-sided percentile bound.

        It is a little less than 1 - ``confidence``, as the samples vary too little.
        """
        degrees = max(self.effective - 1.0, FEWEST_DEGREES)
        return float(ndtr(-np.sqrt(self.effective / degrees) * stdtrit(degrees, confidence)))


def resampling_units(
    n_rows: int, groups: NDArray[Any] | None = None, sample_weight: NDArray[Any] | None = None
) -> ResamplingUnits:
    """Return the units to draw.

    Parameters
    ----------
    n_rows : int
        Number of rows, at least 1.
    groups : array or None, shape (n_rows,)
        Rows with the same code belong together.
    sample_weight : array or None, shape (n_rows,)
        Non-negative weights; equal if none are given or all are zero.
    """
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if not weight.sum() > 0:
        weight = np.ones(n_rows)
    if groups is None:
        return ResamplingUnits(n_rows=n_rows, members=None, effective=_effective(weight))
    codes, n_groups = _codes(groups)
    counts = np.bincount(codes, minlength=n_groups)
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    masses = np.bincount(codes, weights=weight, minlength=n_groups).astype(np.float64)
    return ResamplingUnits(n_rows=n_rows, members=tuple(members), effective=_effective(masses))


def mean_error(weight: Floats, values: Floats, groups: NDArray[Any] | None = None) -> float:
    """Return the standard error of a weighted mean, of which rows of a group are one part.

    Parameters
    ----------
    weight : array, shape (n_rows,)
        Non-negative, with sum 1.
    values : array, shape (n_rows,)
        What the mean is of.
    groups : array or None, shape (n_rows,)
        Rows with the same code belong together.

    Returns
    -------
    float
        Infinite if all rows are of one group. Without groups, that of independent rows.
    """
    parts = weight * (values - weight @ values)
    if groups is None:
        return float(np.sqrt(parts @ parts))
    codes, n_groups = _codes(groups)
    if n_groups < 2:
        return float("inf")
    sums = np.bincount(codes, weights=parts, minlength=n_groups)
    return float(np.sqrt(n_groups / (n_groups - 1.0) * (sums @ sums)))


def _codes(groups: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    values, codes = np.unique(groups, return_inverse=True)
    return codes, len(values)


def _effective(weight: Floats) -> float:
    shares = weight / weight.sum()
    return float(1.0 / (shares @ shares))
