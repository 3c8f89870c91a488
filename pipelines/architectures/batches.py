"""Rows to learn from, and batches of them as tensors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.onnx_file import Colours
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.weights import Array

# An epoch of few rows has so many steps if batches need not be smaller than so many rows.
_LEAST_STEPS, _LEAST_BATCH = 8, 8


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Rows to learn from, or to be judged by.

    Attributes
    ----------
    pixels : array of uint8, shape (n_rows, n_pictures, side, side, 3)
        The pictures of each row.
    target : array of float32, shape (n_rows, n_outputs)
        Shares of the classes, or standardised values.
    weight : array of float32, shape (n_rows,)
        How much each counts; mean 1.
    """

    pixels: NDArray[np.uint8]
    target: Array
    weight: Array

    def __len__(self) -> int:
        return len(self.target)


def rows_a_step(recipe: Recipe, n_rows: int) -> int:
    """Return the rows of a step: those of the recipe, but fewer where rows are few."""
    return min(recipe.batch_size, max(_LEAST_BATCH, n_rows // _LEAST_STEPS), n_rows)


class Batches:
    """Makes tensors of rows, and losses of answers.

    Parameters
    ----------
    colours : Colours
        By which pictures are standardised.
    classification : bool
        Whether the answers are classes, which a softmax follows.
    """

    def __init__(self, colours: Colours, classification: bool) -> None:
        import torch

        self.classification = classification
        self._mean = torch.from_numpy(colours.mean)[:, None, None]
        self._spread = torch.from_numpy(colours.spread)[:, None, None]

    def tensors(self, examples: Examples, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Return pictures, (n * k, 3, side, side), standardised, targets and weights of rows."""
        import torch

        pixels = examples.pixels[rows]
        flat = torch.from_numpy(pixels.reshape(-1, *pixels.shape[2:]))
        # Seen as channels first, the bytes are in oneDNN's quick layout already.
        pictures = (flat.permute(0, 3, 1, 2).float() - self._mean) / self._spread
        target = torch.from_numpy(examples.target[rows])
        return pictures, target, torch.from_numpy(examples.weight[rows])

    def losses(self, answers: Any, target: Any) -> Any:
        """Return the loss of each row: the cross entropy, or the squared error."""
        if self.classification:
            return -(target * answers.log_softmax(dim=1)).sum(dim=1)
        return ((answers - target) ** 2).sum(dim=1)
