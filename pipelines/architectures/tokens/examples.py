"""Texts to learn from, as the subject of a training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.batches import losses_of
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.tokens.forward import forward, token_vectors
from espalier.pipelines.architectures.tokens.layers import NO_TOKEN, TextNetwork
from espalier.pipelines.architectures.tokens.lexicon import Lexicon
from espalier.pipelines.architectures.weights import Array


@dataclass(frozen=True, slots=True, eq=False)
class TextExamples:
    """Rows to learn from, or to be judged by.

    Attributes
    ----------
    tokens : array of uint16, shape (n_rows, n_columns, length)
        The texts of each row.
    target : array of float32, shape (n_rows, n_outputs)
        Shares of the classes, or standardised values.
    weight : array of float32, shape (n_rows,)
        How much each counts; mean 1.
    """

    tokens: NDArray[np.uint16]
    target: Array
    weight: Array

    def __len__(self) -> int:
        return len(self.target)


class Texts:
    """Texts as the subject of a training (`espalier.pipelines.architectures.batches.Subject`).

    Parameters
    ----------
    network : TextNetwork
        What is trained.
    lexicon : Lexicon
        Vectors of its tokens.
    classification : bool
        Whether the answers are classes, which a softmax follows.
    blanked : float
        Share of the tokens that has no vector in training, drawn anew each time.
    """

    def __init__(
        self, network: TextNetwork, lexicon: Lexicon, classification: bool, blanked: float
    ) -> None:
        import torch

        self._network, self._classification, self._blanked = network, classification, blanked
        self._places = torch.from_numpy(lexicon.places.astype(np.int64))
        table = lexicon.table()
        self._table = None if table is None else torch.from_numpy(table)

    def tensors(self, examples: TextExamples, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Return tokens, (n_rows * n_columns, length), as long as the longest, and the rest."""
        import torch

        tokens = torch.from_numpy(trimmed(examples.tokens[rows], self._network.most_tokens))
        target = torch.from_numpy(examples.target[rows])
        return tokens.long(), target, torch.from_numpy(examples.weight[rows])

    def changed(self, seen: Any, target: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Return a batch as it is: tokens are blanked where they become vectors."""
        return seen, target, weight

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

        del n_steps
        vectors = token_vectors(weights, seen, self._places, self._table)
        if training and self._blanked:
            kept = torch.rand(seen.shape, generator=randomness) >= self._blanked
            vectors = vectors * kept[:, :, None]
        return forward(
            self._network,
            weights,
            seen,
            vectors,
            dropout=dropout if training else 0.0,
            randomness=randomness,
        )

    def losses(self, answers: Any, target: Any) -> Any:
        """Return the loss of each row: the cross entropy, or the squared error."""
        return losses_of(answers, target, self._classification)

    def easier(self, examples: TextExamples, recipe: Recipe) -> TextExamples | None:
        """Return None: texts are seen as they are from the start."""
        del examples, recipe
        return None


def trimmed(tokens: NDArray[np.uint16], most: int) -> NDArray[np.int32]:
    """Return tokens of texts one below the other, as long as the longest of them, at most ``most``.

    Parameters
    ----------
    tokens : array of uint16, shape (n_rows, n_columns, length)
        The texts of each row.
    most : int
        Tokens that count.

    Returns
    -------
    array of int32, shape (n_rows * n_columns, length)
        At least one token long.
    """
    flat = tokens.reshape(-1, tokens.shape[-1])[:, :most]
    longest = max(1, int((flat != NO_TOKEN).sum(axis=1).max(initial=0)))
    return np.ascontiguousarray(flat[:, :longest], dtype=np.int32)
