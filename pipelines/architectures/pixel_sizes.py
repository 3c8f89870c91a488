"""Make pictures smaller, alike in training and serving."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return pictures at a smaller side, each new pixel the mean of the area that it covers.

    Parameters
    ----------
    pixels : array of uint8, shape (..., old, old, 3)
        Pictures.
    side : int
        Their new side; those that are not larger stay as they are.
    """
    old = pixels.shape[-2]
    if side >= old:
        return pixels
    areas = _areas(old, side)
    flat = pixels.reshape(-1, old, old, pixels.shape[-1])
    made = np.empty((len(flat), side, side, pixels.shape[-1]), dtype=np.uint8)
    for start in range(0, len(flat), 256):
        part = flat[start : start + 256].astype(np.float32)
        rows = np.tensordot(part, areas, axes=(1, 1))  # (n, old, 3, side)
        both = np.tensordot(rows, areas, axes=(1, 1))  # (n, 3, side, side)
        made[start : start + 256] = np.rint(both.transpose(0, 2, 3, 1))
    return made.reshape(*pixels.shape[:-3], side, side, pixels.shape[-1])


@lru_cache(maxsize=32)
def _areas(old: int, new: int) -> NDArray[np.float32]:
    """Return the share of each old place in each new one, shape (new, old); rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    places = np.arange(old)
    overlap = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    shares = np.clip(overlap, 0.0, None)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
