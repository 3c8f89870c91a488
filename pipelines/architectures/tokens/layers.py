"""A network of texts as a list of steps, from which everything else is derived.

As with pictures (`espalier.pipelines.architectures.layers`), the same list is trained by PyTorch,
counted before any training, and written as ONNX. Value 0 is the vectors of the tokens, shape
(n_texts, length, width); step number i (from 0) makes value i + 1. What stands behind the end of a
text counts nowhere, so the length that texts are filled up to changes no answer.
"""

from dataclasses import dataclass
from typing import Literal

from espalier.pipelines.architectures.layers import Activation, Dense, Sum

Pooling = Literal["mean", "max", "attention"]
POOLINGS: tuple[Pooling, ...] = ("mean", "max", "attention")
WORDS = "words"
"""Name that the learned vectors of tokens have among the weights."""
NO_TOKEN = 0
"""Stands behind the end of a text."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Adds to each token a vector of it and the next one, found by a hash (Joulin et al. 2017).

    Attributes
    ----------
    source : int
        The value it reads, and adds to.
    width : int
        Numbers of a vector.
    n_vectors : int
        Vectors that all pairs share.
    """

    source: int
    width: int
    n_vectors: int


@dataclass(frozen=True, slots=True)
class Window:
    """A convolution over neighbouring tokens without bias; texts stay as long as they are.

    Attributes
    ----------
    source : int
        The value it reads, shape (n_texts, length, inputs).
    inputs, outputs : int
        Channels.
    kernel : int
        Tokens that it sees at once.
    """

    source: int
    inputs: int
    outputs: int
    kernel: int


@dataclass(frozen=True, slots=True)
class TokenNorm:
    """Layer normalisation over the channels of a token (Ba, Kiros and Hinton 2016)."""

    source: int
    channels: int


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A gated recurrent unit in both directions (Cho et al. 2014).

    Attributes
    ----------
    source : int
        The value it reads, shape (n_texts, length, inputs).
    inputs, units : int
        The result has 2 * units channels.
    """

    source: int
    inputs: int
    units: int


@dataclass(frozen=True, slots=True)
class Pool:
    """One vector of all tokens of a text, and the texts of a row side by side; 0 for no text.

    Attributes
    ----------
    source : int
        The value it reads, shape (n_rows * n_columns, length, channels).
    channels : int
        The result has shape (n_rows, n_columns * channels).
    kind : str
        ``mean``, ``max``, or ``attention``: a mean by learned weights of the tokens, of which each
        group of channels (a head) has its own.
    n_columns : int
        Texts of a row.
    heads : int
        Groups of channels; they divide the channels.
    """

    source: int
    channels: int
    kind: Pooling
    n_columns: int = 1
    heads: int = 4


@dataclass(frozen=True, slots=True)
class Join:
    """Several values of shape (n_rows, ...) side by side."""

    sources: tuple[int, ...]


TextStep = Pairs | Window | TokenNorm | Recurrence | Pool | Join | Activation | Sum | Dense


@dataclass(frozen=True, slots=True)
class TextNetwork:
    """A network of texts.

    Attributes
    ----------
    steps : tuple of TextStep
        In an order in which each reads values that are there; the last one is the answer.
    width : int
        Numbers of a token's vector.
    most_tokens : int
        Tokens of a text that count.
    n_columns : int
        Texts of a row; all pass through the same layers.
    """

    steps: tuple[TextStep, ...]
    width: int
    most_tokens: int
    n_columns: int = 1

    @property
    def n_outputs(self) -> int:
        """Numbers that it answers with."""
        last = self.steps[-1]
        assert isinstance(last, Dense)  # every design ends so
        return last.outputs
