"""Answers of a network that is stored as the bytes of an ONNX file; needs no PyTorch."""

import hashlib
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.onnx_file import ANSWERS, PIXELS

# Bounds the memory of the maps between layers.
_ROWS_A_BLOCK = 64


def run_network(stored: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the answers of a network, shape (n_rows, n_outputs).

    Parameters
    ----------
    stored : bytes
        An ONNX file as `espalier.pipelines.architectures.onnx_file.onnx_bytes` makes it.
    pixels : array of uint8, shape (n_rows, n_pictures, side, side, 3)
        The pictures of each row.
    """
    session = _session(_Stored(stored))
    parts = [
        session.run(
            [ANSWERS],
            {PIXELS: np.ascontiguousarray(part.reshape(-1, *part.shape[2:]))},
        )[0]
        for part in (
            pixels[start : start + _ROWS_A_BLOCK]
            for start in range(0, max(len(pixels), 1), _ROWS_A_BLOCK)
        )
        if len(part)
    ]
    if not parts:
        (answers,) = session.get_outputs()
        return np.zeros((0, int(answers.shape[1])), dtype=np.float32)
    return np.concatenate(parts)


class _Stored:
    """A file that is equal to another by its digest, for the memory of `_session`."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.digest = hashlib.blake2b(content, digest_size=16).digest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Stored) and other.digest == self.digest


@lru_cache(maxsize=16)
def _session(stored: _Stored) -> Any:
    """Return a session of one thread: callers divide the cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(stored.content, options, providers=["CPUExecutionProvider"])
