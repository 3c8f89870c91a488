"""Monotone maps of a numeric target to the scale on which a model is fitted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST_EXPONENT = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTransform:
    """A monotone map of the target; the default leaves it as it is.

    Attributes
    ----------
    unit : float
        The target is divided by it.
    on_log : bool
        Whether log(1 + y / unit) is taken, for targets of at least 0.
    """

    unit: float = 1.0
    on_log: bool = False

    def forward(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the values to fit to, shape (n_rows,)."""
        if self.on_log:
            return np.log1p(np.asarray(y, dtype=np.float64) / self.unit)
        return y if self.unit == 1.0 else np.asarray(y / self.unit)

    def backward(self, z: NDArray[Any]) -> NDArray[Any]:
        """Return the target's values for predictions, shape (n_rows,); never below 0 on a log."""
        if self.on_log:
            exponents = np.clip(np.asarray(z, dtype=np.float64), 0.0, _LARGEST_EXPONENT)
            return np.asarray(np.expm1(exponents) * self.unit)
        return z if self.unit == 1.0 else np.asarray(z * self.unit)


RAW = TargetTransform()
