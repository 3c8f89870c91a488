"""How targets and weights of rows stand in the outputs of a network."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.base.target_scale import mean_and_spread


@dataclass(frozen=True, slots=True)
class TargetCode:
    """How the target of a row stands in the outputs of a network.

    Attributes
    ----------
    n_classes : int
        Classes, with an output each; 0 for values, with a single one.
    center, spread : float
        Mean and standard deviation by which values are standardised.
    """

    n_classes: int
    center: float = 0.0
    spread: float = 1.0

    @classmethod
    def of_values(cls, y: NDArray[Any], weight: NDArray[Any] | None) -> "TargetCode":
        """Return the code of values of this mean and spread; weights may be None."""
        return cls(0, *mean_and_spread(y, weight))

    @property
    def n_outputs(self) -> int:
        """Outputs of a network for it."""
        return self.n_classes or 1

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        """Return what a network is to answer, shape (n_rows, n_outputs)."""
        if self.n_classes:
            return np.eye(self.n_classes, dtype=np.float32)[y]
        return np.asarray((y - self.center) / self.spread, dtype=np.float32)[:, None]


def counts_of(y: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[np.float32]:
    """Return how much each row of a target counts, mean 1; all alike without weights."""
    counts = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    return (counts / max(float(counts.mean()), 1e-12)).astype(np.float32)
