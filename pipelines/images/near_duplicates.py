"""Almost the same picture on both sides of a split: the hold-out's score is then too good.

Photographs of one series, a picture saved twice, or scaled: no byte is equal, yet a model that has
seen one knows the other. Pictures are compared by their average hash (64 bits: whether each of 8 x
8 places is lighter than the mean), and what is near by that also by the colours of these places,
since a disc on a plain ground has the hash of every other disc.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.frozen.embedding import embed_cells
from espalier.pipelines.images.cells import PictureFiles, shown_cell
from espalier.pipelines.images.decoding import decode_or_reason
from espalier.pipelines.images.reading import ImageReading
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import drawn_rows

MOST_BITS = 2
"""Bits of 64 in which the hashes of almost equal pictures differ at most."""
MOST_APART = 6.0
"""Mean difference of the colours of places, of 255, of almost equal pictures."""
MOST_ROWS = 2_000, 20_000
"""Hold-out and search rows that are compared at most, drawn by chance."""
_PLACES = 8
_PIXELS = 32
# Where nearly all places are alike the hash says nothing.
_LEAST_LIGHT = 6


@dataclass(frozen=True, slots=True)
class AverageHash:
    """Colours of 8 x 8 places as a network fitted to nothing, so that they are kept as vectors are.

    N. Krawetz, *Looks Like It*, 2011.
    """

    @property
    def identity(self) -> str:
        """Name of the hash with its version."""
        return f"places-{_PLACES}-v1"

    def embed(self, contents: Sequence[Any]) -> "list[NDArray[np.float32] | str]":
        """Return 64 x 3 colours for each picture file, 0 to 255, or why there are none."""
        return [_colours(each) for each in contents]


def average_hash(colours: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which places are lighter than their mean, shape (64,)."""
    grey = colours.astype(np.float32).reshape(-1, 3).mean(axis=1)
    return np.asarray(grey > grey.mean())


def _colours(content: Any) -> NDArray[np.float32] | str:
    pixels = decode_or_reason(content, _PIXELS)
    if isinstance(pixels, str):
        return pixels
    size = _PIXELS // _PLACES
    places = pixels.astype(np.float32).reshape(_PLACES, size, _PLACES, size, 3)
    return places.mean(axis=(1, 3)).ravel()


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """Hold-out rows with a picture that a search row has almost the same.

    Attributes
    ----------
    column : str
        The column of pictures.
    n_rows, n_compared : int
        Such rows, of so many that were compared.
    first : tuple of (object, object)
        A cell of the hold-out and its like.
    """

    column: str
    n_rows: int
    n_compared: int
    first: tuple[Any, Any]

    def __str__(self) -> str:
        ours, theirs = map(shown_cell, self.first)
        return (
            f"{self.n_rows:,} of {self.n_compared:,} hold-out rows have a picture in "
            f"{self.column!r} that a search row has almost the same ({ours} and {theirs}), "
            "so the hold-out score may be too good; name a column of what belongs together as "
            "group column"
        )


def near_duplicates(
    table: pd.DataFrame,
    dataset: Dataset,
    preparation: Preparation,
    search: NDArray[np.int64],
    holdout: NDArray[np.int64],
    *,
    deadline: Deadline = NEVER,
) -> tuple[NearDuplicates, ...]:
    """Return for each column of pictures the hold-out rows that search rows repeat almost.

    Parameters
    ----------
    table : DataFrame
        Raw rows.
    dataset : Dataset
        The same rows, prepared.
    preparation : Preparation
        How their columns are read.
    search, holdout : array of int64
        Row positions of the two parts.
    deadline : Deadline
        When to end; pictures that are not reached by then are not compared.
    """
    if dataset.groups is not None:  # what belongs together is on one side already
        return ()
    named = with_unique_names(table)
    held = holdout[drawn_rows(len(holdout), MOST_ROWS[0], seed=0)]
    seen = search[drawn_rows(len(search), MOST_ROWS[1], seed=0)]
    found = []
    for plan in preparation.plans:
        if isinstance(plan.reading, ImageReading) and plan.name in dataset.X:
            of_column = _in_column(named[plan.raw], plan.reading, seen, held, deadline)
            if of_column is not None:
                found.append(of_column)
    return tuple(found)


def _in_column(
    cells: "pd.Series[Any]",
    reading: ImageReading,
    seen: NDArray[np.int64],
    held: NDArray[np.int64],
    deadline: Deadline,
) -> NearDuplicates | None:
    rows = np.concatenate([seen, held])
    colours = embed_cells(
        cells.iloc[rows].tolist(),
        PictureFiles(reading.root).load,
        AverageHash(),
        deadline=deadline,
        partial=True,
    ).cells
    known = np.flatnonzero([isinstance(each, np.ndarray) for each in colours])
    bits = np.zeros((len(rows), _PLACES**2), dtype=bool)
    for at in known:
        bits[at] = average_hash(colours[at])
    n_light = bits.sum(axis=1)
    usable = (n_light >= _LEAST_LIGHT) & (n_light <= _PLACES**2 - _LEAST_LIGHT)
    is_held = np.arange(len(rows)) >= len(seen)
    ours, theirs = np.flatnonzero(usable & is_held), np.flatnonzero(usable & ~is_held)
    if not len(ours) or not len(theirs):
        return None
    pairs = _near(_packed(bits[ours]), _packed(bits[theirs]))
    if not len(pairs):
        return None
    left, right = ours[pairs[:, 0]], theirs[pairs[:, 1]]
    apart = [
        np.abs(colours[one].astype(np.float32) - colours[other]).mean()
        for one, other in zip(left, right, strict=True)
    ]
    alike = np.array(apart) <= MOST_APART
    if not alike.any():
        return None
    first = int(np.flatnonzero(alike)[0])
    return NearDuplicates(
        column=str(cells.name),
        n_rows=len(np.unique(left[alike])),
        n_compared=len(ours),
        first=(cells.iloc[rows[left[first]]], cells.iloc[rows[right[first]]]),
    )


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return hashes of 64 bits as one whole number each."""
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def _near(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the pairs of positions whose hashes differ in few bits, shape (n_pairs, 2)."""
    found = []
    for start in range(0, len(left), 256):
        part = left[start : start + 256]
        near = np.argwhere(np.bitwise_count(part[:, None] ^ right[None]) <= MOST_BITS)
        found.append(near + np.array([start, 0]))
    return np.concatenate(found)
