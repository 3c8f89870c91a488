"""The unit of row weights: 1 is the mean of the rows in use."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bits of a weight that are kept: c w and w then come to the same numbers, in spite of rounding.
_BITS = 24
# Rows that all together weigh a smaller share than this do not count.
_NEGLIGIBLE = 1e-6


def mean_one(weights: NDArray[Any]) -> NDArray[np.float64]:
    """Return the weights divided by their mean, shape (n_rows,); as they are if none is above 0.

    Survey weights sum to a population, probabilities to 1: the unit says nothing about the rows.
    Penalties, smallest leaves and prices of errors are meant for rows that weigh 1 on average.
    """
    given = np.asarray(weights, dtype=np.float64)
    largest = float(given.max(initial=0.0))
    if not 0 < largest < np.inf:
        return given
    # By the largest first: neither the sum of huge weights nor the mean of tiny ones leaves the
    # range of a float.
    shares = given / largest
    digits, exponents = np.frexp(shares / shares.mean())
    return np.ldexp(np.round(np.ldexp(digits, _BITS)), exponents - _BITS)


def counting_rows(weights: NDArray[Any]) -> NDArray[np.int64]:
    """Return the sorted positions of all rows but those that together weigh next to nothing.

    A tree may put such rows into leaves of their own, and only they are near some new rows: they
    would say all there, however little they count.
    """
    order = np.argsort(weights, kind="stable")
    below = np.cumsum(weights[order]) <= _NEGLIGIBLE * float(np.sum(weights))
    return np.sort(order[~below])


def effective_count(weights: NDArray[Any]) -> float:
    """Return how many equal rows would say as much as these (Kish 1965); 0 without any weight."""
    squares = float(np.sum(np.square(weights)))
    return float(np.sum(weights)) ** 2 / squares if squares > 0 else 0.0
