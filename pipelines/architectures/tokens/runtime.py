"""Answers of a network of texts that is stored as an ONNX file; needs no PyTorch."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.onnx_file import ANSWERS
from espalier.pipelines.architectures.tokens.examples import trimmed
from espalier.pipelines.architectures.tokens.layers import NO_TOKEN
from espalier.pipelines.architectures.tokens.onnx_file import TOKENS
from espalier.pipelines.frozen.network import new_session

# Rows of about one length together, so that short texts are not filled up to the longest.
_ROWS_A_BLOCK = 64


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """The bytes of an ONNX file, known by a digest: they are megabytes, read for every answer.

    Attributes
    ----------
    content : bytes
        As `espalier.pipelines.architectures.tokens.onnx_file.onnx_bytes` makes it.
    digest : str
        Of the content.
    """

    content: bytes = field(repr=False, compare=False)
    digest: str

    @classmethod
    def of(cls, content: bytes) -> "StoredNetwork":
        """Return a file with its digest."""
        return cls(content, hashlib.blake2b(content, digest_size=16).hexdigest())

    def answers(self, tokens: NDArray[np.uint16], most: int) -> NDArray[np.float32]:
        """Return the answers of the network, shape (n_rows, n_outputs).

        Parameters
        ----------
        tokens : array of uint16, shape (n_rows, n_columns, length)
            The texts of each row.
        most : int
            Tokens of a text that count.
        """
        session = _session(self)
        (answers,) = session.get_outputs()
        made = np.zeros((len(tokens), int(answers.shape[1])), dtype=np.float32)
        lengths = (tokens != NO_TOKEN).sum(axis=2).max(axis=1, initial=0)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(tokens), _ROWS_A_BLOCK):
            rows = order[start : start + _ROWS_A_BLOCK]
            made[rows] = session.run([ANSWERS], {TOKENS: trimmed(tokens[rows], most)})[0]
        return made


@lru_cache(maxsize=16)
def _session(stored: StoredNetwork) -> Any:
    """Return the session of a file, opened once a process."""
    return new_session(stored.content)
