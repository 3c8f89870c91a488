"""What the estimators that learn from pictures share: their options, and the rows they learn from.

`ConvNet` trains one network, `SupernetSearch` one that holds many; both get the pixels of each
row's pictures and a target of class codes or values.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.architectures.batches import Examples
from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.pixel_sizes import shrunk
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.learners.neural.target_code import TargetCode, counts_of


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


def picture_examples(
    code: TargetCode,
    X: NDArray[np.uint8],
    y: NDArray[Any],
    weight: NDArray[Any] | None,
    *,
    side: int,
) -> Examples:
    """Return rows as a network of a side learns from them.

    Parameters
    ----------
    code : TargetCode
        How targets stand in its outputs.
    X : array of uint8, shape (n_rows, n_pictures, side, side, 3)
        The pictures of each row; larger ones than ``side`` are made smaller.
    y : array, shape (n_rows,)
        Codes 0..K-1, or values.
    weight : array or None
        How much rows count; scaled to a mean of 1.
    side : int
        Pixels that the network takes in width and height.
    """
    return Examples(shrunk(X, side), code.targets(y), counts_of(y, weight))
