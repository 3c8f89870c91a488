"""Distances between two distributions, from counts or from values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, wasserstein_distance

_HALF = 0.5  # added to each cell of a count, so that an empty one does not give infinity


def stability_index(before: NDArray[Any], now: NDArray[Any]) -> float:
    """Return the population stability index (PSI) of two arrays of counts.

    It is the sum over cells of (q - p) ln(q / p): 0 for equal shares, symmetric, never negative. By
    convention 0.1 is a moderate change and 0.25 a large one.

    Parameters
    ----------
    before, now : array, shape (n_cells,)
        Rows in each cell.
    """
    p, q = _shares(before), _shares(now)
    return float(np.sum((q - p) * np.log(q / p)))


def stability_p_value(index: float, n_before: int, n_now: int, n_cells: int) -> float:
    """Return the p-value of a stability index under no change.

    Notes
    -----
    Yurdakul and Naranjo 2020, "Statistical properties of the population stability index": it is
    about (1/n + 1/m) times a chi-square of n_cells - 1 degrees of freedom.
    """
    if n_before < 1 or n_now < 1 or n_cells < 2:
        return 1.0
    return float(chi2.sf(index / (1.0 / n_before + 1.0 / n_now), n_cells - 1))


def jensen_shannon(before: NDArray[Any], now: NDArray[Any]) -> float:
    """Return the Jensen-Shannon distance of two arrays of counts, in [0, 1] (root, base 2).

    Parameters
    ----------
    before, now : array, shape (n_cells,)
        Rows in each cell; not all zero.
    """
    p, q = before / before.sum(), now / now.sum()
    middle = (p + q) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log2(p / middle), 0.0)
        terms = terms + np.where(q > 0, q * np.log2(q / middle), 0.0)
    return float(np.sqrt(min(1.0, max(0.0, terms.sum() / 2.0))))


def kolmogorov_smirnov(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Return the largest difference of two empirical distribution functions, in [0, 1].

    Parameters
    ----------
    before, now : array
        Sorted values, at least one each.
    """
    places = np.concatenate([before, now])
    one = np.searchsorted(before, places, side="right") / len(before)
    two = np.searchsorted(now, places, side="right") / len(now)
    return float(np.abs(one - two).max())


def wasserstein(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Return the earth mover's distance in standard deviations of ``before``.

    Parameters
    ----------
    before, now : array
        Values, at least one each. If ``before`` is constant, the distance is not scaled.
    """
    spread = float(np.std(before))
    return float(wasserstein_distance(before, now)) / (spread if spread > 0 else 1.0)


def _shares(counts: NDArray[Any]) -> NDArray[np.float64]:
    smooth = np.asarray(counts, dtype=np.float64) + _HALF
    return smooth / smooth.sum()
