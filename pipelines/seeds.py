"""One root seed, split by labels into independent streams.

A stream depends on the root and the labels alone, never on the order in which work happens to
finish, so that a retried trial draws the same numbers on any worker.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def seed_sequence(root: int, *labels: str | int) -> np.random.SeedSequence:
    """Return the seed sequence that belongs to ``labels`` below ``root``.

    Parameters
    ----------
    root : int
        The run's seed, at least 0.
    *labels : str or int
        The path to the stream, such as ``("trial", 17)``.
    """
    key = tuple(
        label
        if isinstance(label, int)
        else int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "little")
        for label in labels
    )
    return np.random.SeedSequence(entropy=root, spawn_key=key)


def generator(root: int, *labels: str | int) -> np.random.Generator:
    """Return a generator on the stream of ``labels`` below ``root``."""
    return np.random.default_rng(seed_sequence(root, *labels))


def integer_seed(root: int, *labels: str | int) -> int:
    """Return a seed in [0, 2**31) for libraries that want an integer."""
    return int(seed_sequence(root, *labels).generate_state(1, np.uint32)[0] >> 1)


def drawn_rows(n_rows: int, most: int, *, seed: int) -> NDArray[np.int64]:
    """Return sorted positions of at most ``most`` rows: all if there are no more, else drawn.

    Evenly spaced rows would be those of one month where a table has a row per month and unit.
    """
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(generator(seed, "drawn rows").choice(n_rows, most, replace=False))
