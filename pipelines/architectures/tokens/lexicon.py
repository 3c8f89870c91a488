"""Which tokens have vectors: those of the shipped table, and those that a training learns."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.tokens.design import Vectors
from espalier.pipelines.architectures.tokens.layers import NO_TOKEN
from espalier.pipelines.texts.wordpiece import open_wordpieces
from espalier.pipelines.texts.words import token_table


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """The vectors of tokens: one of the table, and a learned one that is added to it.

    A token that the training rows did not have is known by the table alone, if at all.

    Attributes
    ----------
    places : array of int32, shape (n_tokens,)
        Number of each token's learned vector, from 1; 0 for none.
    numbers : array of int8, shape (n_tokens, width), or None
        The table; None where all vectors are learned.
    scale : array of float32, shape (n_tokens,), or None
        What one of the numbers stands for.
    """

    places: NDArray[np.int32]
    numbers: NDArray[np.int8] | None
    scale: NDArray[np.float32] | None

    @classmethod
    def of(cls, tokens: NDArray[np.uint16], vectors: Vectors, width: int) -> "Lexicon":
        """Return the lexicon of the tokens of training rows.

        Parameters
        ----------
        tokens : array of uint16, any shape
            Tokens that get a learned vector, unless vectors are ``frozen``.
        vectors, width
            As in `TextDesign`.
        """
        places = np.zeros(n_tokens(), dtype=np.int32)
        if vectors != "frozen":
            seen = np.unique(tokens)
            seen = seen[seen != NO_TOKEN]
            places[seen] = np.arange(1, len(seen) + 1)
        if vectors == "own":
            return cls(places, None, None)
        return cls(places, *_table(width))

    @property
    def n_learned(self) -> int:
        """Number of learned vectors."""
        return int(self.places.max())

    @property
    def learns(self) -> bool:
        """Whether there are learned vectors; without a table even if no token was seen."""
        return self.numbers is None or bool(self.n_learned)

    def table(self) -> NDArray[np.float32] | None:
        """Return the table's vectors as numbers, shape (n_tokens, width)."""
        if self.numbers is None or self.scale is None:
            return None
        return self.numbers.astype(np.float32) * self.scale[:, None]


def n_tokens() -> int:
    """Return the number of tokens of the vocabulary."""
    return len(open_wordpieces().numbers)


@lru_cache(maxsize=4)
def _table(width: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return the leading numbers of the shipped vectors, scaled to a length of 1 on average.

    The table's directions are ordered by their variance, so the leading ones are the best ones.
    """
    numbers, scale = token_table()
    leading = np.ascontiguousarray(numbers[:, :width])
    lengths = np.linalg.norm(leading.astype(np.float32), axis=1) * scale
    return leading, scale / np.float32(lengths.mean())
