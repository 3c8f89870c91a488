"""Rows to learn from, and batches of them as tensors."""

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.augmenting import augmented, blended
from espalier.pipelines.architectures.forward import MOMENTUM, forward
from espalier.pipelines.architectures.layers import Network
from espalier.pipelines.architectures.onnx_file import Colours
from espalier.pipelines.architectures.pixel_sizes import shrunk
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.weights import Array

# An epoch of few rows has so many steps if batches need not be smaller than so many rows.
_LEAST_STEPS, _LEAST_BATCH = 8, 8
# The first part of a training may see pictures of this share of the side, of at least so many
# pixels, if it has at least so many epochs.
_SMALL, _LEAST_SMALL, _LEAST_EPOCHS = 0.625, 10, 4


class Rows(Protocol):
    """Rows to learn from, whatever a network sees of them."""

    @property
    def target(self) -> Array:
        """Shares of the classes, or standardised values, shape (n_rows, n_outputs)."""
        ...

    @property
    def weight(self) -> Array:
        """How much each row counts, shape (n_rows,); mean 1."""
        ...

    def __len__(self) -> int: ...


R = TypeVar("R", bound=Rows)


class Subject(Protocol[R]):
    """What a training is about: how rows become tensors, and what a network answers to them."""

    def tensors(self, examples: R, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Return what the network sees of rows, their targets and their weights."""
        ...

    def changed(self, seen: Any, target: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Return a batch as it is shown in training: augmented by chance."""
        ...

    def answers(
        self,
        weights: dict[str, Any],
        seen: Any,
        *,
        training: bool = False,
        n_steps: int = 0,
        dropout: float = 0.0,
        randomness: Any = None,
    ) -> Any:
        """Return answers before any softmax, (n_rows, n_outputs), after so many steps."""
        ...

    def losses(self, answers: Any, target: Any) -> Any:
        """Return the loss of each row, shape (n_rows,)."""
        ...

    def easier(self, examples: R, recipe: Recipe) -> R | None:
        """Return rows as the first part of a training sees them; None where all is the same."""
        ...


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
        return losses_of(answers, target, self.classification)


class Pictures(Batches):
    """Pictures as the subject of a training (`Subject`).

    Parameters
    ----------
    network : Network
        What is trained.
    recipe : Recipe
        How pictures are changed.
    colours, classification
        As in `Batches`.
    rng : Generator
        Draws the changes.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        colours: Colours,
        classification: bool,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(colours, classification)
        self._network, self._how, self._rng = network, recipe.augmentation, rng

    def changed(self, seen: Any, target: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Return pictures, targets and weights, turned, covered and blended by chance."""
        pictures = augmented(seen, self._how, self._rng)
        if self._how.mixup:
            n_of = self._network.n_pictures
            return blended(pictures, target, weight, self._how.mixup, self._rng, n_of)
        return pictures, target, weight

    def answers(
        self,
        weights: dict[str, Any],
        seen: Any,
        *,
        training: bool = False,
        n_steps: int = 0,
        dropout: float = 0.0,
        randomness: Any = None,
    ) -> Any:
        """Return the network's answers."""
        import torch

        if training:
            seen = seen.contiguous(memory_format=torch.channels_last)
        return forward(
            self._network,
            weights,
            seen,
            training=training,
            # The mean of the first batches, as the numbers to start from mean nothing.
            momentum=max(MOMENTUM, 1.0 / (1 + n_steps)),
            dropout=dropout,
            randomness=randomness,
        )

    def easier(self, examples: Examples, recipe: Recipe) -> Examples | None:
        """Return the rows with smaller pictures; None where all are shown as they are."""
        side = round(_SMALL * self._network.side)
        if not recipe.small_share or side < _LEAST_SMALL or recipe.epochs < _LEAST_EPOCHS:
            return None
        return replace(examples, pixels=shrunk(examples.pixels, side))


def losses_of(answers: Any, target: Any, classification: bool) -> Any:
    """Return the loss of each row: the cross entropy, or the squared error.

    Parameters
    ----------
    answers : Tensor, shape (n_rows, n_outputs)
        What a network answers, before any softmax.
    target : Tensor, shape (n_rows, n_outputs)
        Shares of the classes, or standardised values.
    classification : bool
        Which of the two.
    """
    if classification:
        return -(target * answers.log_softmax(dim=1)).sum(dim=1)
    return ((answers - target) ** 2).sum(dim=1)
