"""Answers of a network that is stored as the bytes of an ONNX file; needs no PyTorch."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.onnx_file import ANSWERS, PIXELS
from espalier.pipelines.frozen.network import new_session
from espalier.pipelines.preprocessing.vectors.keyed import Keyed

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
    session = _session(Keyed(np.frombuffer(stored, dtype=np.uint8)))
    parts = [
        session.run(
            [ANSWERS],
            {PIXELS: np.ascontiguousarray(part.reshape(-1, *part.shape[2:]))},
        )[0]
        for part in (
            pixels[start : start + _ROWS_A_BLOCK] for start in range(0, len(pixels), _ROWS_A_BLOCK)
        )
    ]
    if not parts:
        (answers,) = session.get_outputs()
        return np.zeros((0, int(answers.shape[1])), dtype=np.float32)
    return np.concatenate(parts)


@lru_cache(maxsize=16)
def _session(stored: Keyed) -> Any:
    """Return the session of a file, opened once a process."""
    (content,) = stored.take()
    return new_session(content.tobytes())
