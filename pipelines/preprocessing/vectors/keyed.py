"""Values that are known by a digest, so that what was computed of them can be remembered."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Keyed:
    """Arrays that are equal if their digest is; for the arguments of an ``lru_cache``.

    Trials of one worker fit the same folds again and again. A cache that held what it was asked
    for would hold the rows of every fold; this lets go of them once they are taken.

    Parameters
    ----------
    arrays : array
        What is needed to compute the answer.
    """

    def __init__(self, *arrays: NDArray[Any]) -> None:
        digest = hashlib.blake2b(digest_size=16)
        for array in arrays:
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
        self.key = digest.digest()
        self._arrays: tuple[NDArray[Any], ...] | None = arrays

    def take(self) -> tuple[NDArray[Any], ...]:
        """Return the arrays, and let go of them: the memory needs only their digest."""
        arrays, self._arrays = self._arrays, None
        assert arrays is not None  # asked for once
        return arrays

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyed) and other.key == self.key
