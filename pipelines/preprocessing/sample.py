"""Rows that stand for all of a long table."""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.seeds import generator


def drawn_rows(n_rows: int, most: int, *, seed: int) -> NDArray[np.int64]:
    """Return sorted positions of at most ``most`` rows: all if there are no more, else drawn.

    Evenly spaced rows would be those of one month where a table has a row per month and unit.
    """
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(generator(seed, "drawn rows").choice(n_rows, most, replace=False))
