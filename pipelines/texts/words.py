"""A text as the mean of its words' vectors, looked up in a table that Espalier ships.

The table was made of the sentence encoder MiniLM as model2vec does
(``infra/deploy/weights/static_words.py``): less exact than the encoder, a thousand times quicker,
and without any package but NumPy.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.frozen.network import file_digest
from espalier.pipelines.texts.wordpiece import open_wordpieces

FILE = Path(__file__).with_name("weights") / "words.npz"
MOST_TOKENS = 512
_SCHEME = 1


class StaticWords:
    """The table of word vectors as a frozen network of texts."""

    @property
    def identity(self) -> str:
        """Name of the table with its content."""
        return f"words-{file_digest(FILE)[:16]}-v{_SCHEME}"

    def embed(self, contents: Sequence[Any]) -> "list[NDArray[np.float32] | str]":
        """Return the vector of each text, of length 1, shape (256,); zeros where it has no words.

        Parameters
        ----------
        contents : sequence of str
            Texts; what is beyond `MOST_TOKENS` tokens does not count.
        """
        numbers, scale = token_table()
        pieces = open_wordpieces()
        found: list[NDArray[np.float32] | str] = []
        for text in contents:
            tokens = pieces.split(text, MOST_TOKENS)
            total = scale[tokens] @ numbers[tokens].astype(np.float32)
            found.append(total / max(float(np.linalg.norm(total)), 1e-6))
        return found


@lru_cache(maxsize=1)
def token_table() -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return the tokens' numbers, shape (n_tokens, 256), and what one of them stands for."""
    with np.load(FILE, allow_pickle=False) as stored:
        return stored["numbers"], stored["scale"].astype(np.float32)
