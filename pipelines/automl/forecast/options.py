"""The forecasting estimator's parameters as the training takes them, checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from espalier.pipelines.errors import UserError

_LONGEST_HORIZON = 10_000


def names_of(given: "str | Sequence[str]") -> tuple[str, ...]:
    """Return names of columns, given as one or as several."""
    return (given,) if isinstance(given, str) else tuple(given)


def levels_of(quantiles: Sequence[float]) -> tuple[float, ...]:
    """Return levels of quantiles, ascending.

    Raises
    ------
    UserError
        They are not different numbers between 0 and 1.
    """
    levels = [float(each) for each in quantiles]
    if not levels or len(set(levels)) < len(levels) or not all(0 < q < 1 for q in levels):
        raise UserError(f"quantiles must be different numbers between 0 and 1, not {quantiles!r}")
    return tuple(sorted(levels))


def horizon_of(horizon: Any) -> int:
    """Return the number of steps to forecast.

    Raises
    ------
    UserError
        It is no whole number, or out of range.
    """
    whole = isinstance(horizon, int | np.integer) and not isinstance(horizon, bool)
    if not whole or not 1 <= horizon <= _LONGEST_HORIZON:
        raise UserError(
            f"horizon must be a whole number from 1 to {_LONGEST_HORIZON}, not {horizon!r}"
        )
    return int(horizon)
