"""A table of word vectors made of a sentence encoder: what model2vec does, without PyTorch.

Every token goes through the encoder alone; the mean of what comes out, reduced by principal
components and weighed by how rare the token is, is its vector (M. van Dongen, S. Tulkens,
*Model2Vec: Distill a Small Fast Model from any Sentence Transformer*, 2024). The vector of a text
is then the mean of its tokens' vectors: a look-up instead of a network.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

DIMENSIONS = 256
_BATCH = 1_000
_START, _END = 101, 102
# Tokens that stand for no word: padding, unused places and marks.
_NO_WORDS = 999


@dataclass(frozen=True)
class TokenTable:
    """Vectors of tokens.

    Attributes
    ----------
    vectors : array of float32, shape (n_tokens, DIMENSIONS)
        One per token of the vocabulary, in its order.
    """

    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, encoder: Path, n_tokens: int) -> "TokenTable":
        """Make the table from an ONNX encoder of token ids."""
        session = onnxruntime.InferenceSession(str(encoder), providers=["CPUExecutionProvider"])
        means = np.concatenate(
            [
                _means(session, np.arange(start, min(start + _BATCH, n_tokens)))
                for start in range(0, n_tokens, _BATCH)
            ]
        )
        centred = means - means.mean(axis=0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        reduced = centred @ axes[:, ::-1][:, :DIMENSIONS]
        # The vocabulary is sorted by falling frequency: its rank stands for the frequency (Zipf).
        reduced *= np.log1p(np.arange(n_tokens))[:, None]
        reduced[:_NO_WORDS] = 0.0
        return cls(reduced.astype(np.float32))


def _means(session: onnxruntime.InferenceSession, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of what the encoder makes of each token between the marks of a text."""
    ids = np.column_stack([np.full_like(tokens, _START), tokens, np.full_like(tokens, _END)])
    given = {
        "input_ids": ids,
        "attention_mask": np.ones_like(ids),
        "token_type_ids": np.zeros_like(ids),
    }
    return session.run(["last_hidden_state"], given)[0].mean(axis=1).astype(np.float64)


def save_words(table: TokenTable, path: Path) -> None:
    """Write the table with one byte a number and one scale a token."""
    scale = np.abs(table.vectors).max(axis=1) / 127.0
    safe = np.where(scale > 0, scale, 1.0)
    numbers = np.rint(table.vectors / safe[:, None]).astype(np.int8)
    np.savez(path, numbers=numbers, scale=scale.astype(np.float16))
