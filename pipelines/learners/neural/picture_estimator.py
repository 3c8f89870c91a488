"""What the estimators that learn from pictures share: their options, and the rows they learn from.

`ConvNet` trains one network, `SupernetSearch` one that holds many; both get the pixels of each
row's pictures and a target of class codes or values.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.architectures.batches import Examples
from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.pixel_sizes import shrunk
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.learners.base.target_scale import mean_and_spread


class PictureEstimator(BaseEstimator):
    """The options of an estimator that learns from pictures.

    Parameters
    ----------
    design : Design
        The network, or what the networks of a search have in common.
    recipe : Recipe
        How it is trained.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.
    n_threads : int
        Threads.
    """

    def __init__(
        self,
        design: Design = Design(),  # noqa: B008, it is frozen
        recipe: Recipe = Recipe(),  # noqa: B008
        classification: bool = True,
        seed: int = 0,
        n_threads: int = 1,
    ) -> None:
        self.design = design
        self.recipe = recipe
        self.classification = classification
        self.seed = seed
        self.n_threads = n_threads


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

    def examples(
        self,
        X: NDArray[np.uint8],
        y: NDArray[Any],
        weight: NDArray[Any] | None,
        *,
        side: int,
    ) -> Examples:
        """Return rows as a network of a side learns from them.

        Parameters
        ----------
        X : array of uint8, shape (n_rows, n_pictures, side, side, 3)
            The pictures of each row; larger ones than ``side`` are made smaller.
        y : array, shape (n_rows,)
            Codes 0..K-1, or values.
        weight : array or None
            How much rows count; scaled to a mean of 1.
        side : int
            Pixels that the network takes in width and height.
        """
        return Examples(shrunk(X, side), self.targets(y), counts_of(y, weight))

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        """Return what a network is to answer, shape (n_rows, n_outputs)."""
        if self.n_classes:
            return np.eye(self.n_classes, dtype=np.float32)[y]
        return np.asarray((y - self.center) / self.spread, dtype=np.float32)[:, None]


def counts_of(y: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[np.float32]:
    """Return how much each row of a target counts, mean 1; all alike without weights."""
    counts = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    return (counts / max(float(counts.mean()), 1e-12)).astype(np.float32)
