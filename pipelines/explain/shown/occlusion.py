"""Which part of a picture, and which word of a text, an answer depends on.

Both ask the model again with something left out, so they hold for any model: M. Zeiler and
R. Fergus, *Visualizing and understanding convolutional networks*, 2014, cover a part of the picture
with grey; leaving out one word is the same for texts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.frozen.embedding import FEW
from espalier.pipelines.images.decoding import open_upright

PLACES = 7
"""The map is so many wide and high."""
MOST_WORDS = 40
"""Words of a text that are left out, from its start."""
_SIDE = 224
_GREY = (124, 116, 104)

Ask = Callable[[pd.DataFrame], NDArray[np.float64]]
"""Returns what is looked at for each row: the probability of a class, or a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordWeight:
    """A word, and how much the answer falls without it (rises, where negative)."""

    word: str
    fall: float


def occlusion_map(ask: Ask, row: pd.DataFrame, column: str, content: bytes) -> NDArray[np.float64]:
    """Return how much the answer falls when a part of the picture is covered.

    Parameters
    ----------
    ask : callable
        Answers raw rows.
    row : DataFrame, shape (1, n_columns)
        The row.
    column : str
        Its column of pictures.
    content : bytes
        The content of the picture's file.

    Returns
    -------
    array, shape (PLACES, PLACES)
        Positive where the picture speaks for the answer.

    Raises
    ------
    PictureError
        The picture cannot be used.
    """
    picture = open_upright(content, least=_SIDE).resize((_SIDE, _SIDE))
    covered = [picture]
    step = _SIDE // PLACES
    for top in range(PLACES):
        for left in range(PLACES):
            other = picture.copy()
            # Half a place more on each side: a network sees past a hole of its own size.
            other.paste(
                _GREY,
                (
                    max(0, left * step - step // 2),
                    max(0, top * step - step // 2),
                    min(_SIDE, (left + 1) * step + step // 2),
                    min(_SIDE, (top + 1) * step + step // 2),
                ),
            )
            covered.append(other)
    answers = _answers(ask, row, column, covered)
    return np.asarray(answers[0] - answers[1:]).reshape(PLACES, PLACES)


def word_weights(ask: Ask, row: pd.DataFrame, column: str, text: str) -> tuple[WordWeight, ...]:
    """Return how much the answer falls without each word, in the order of the text.

    Parameters
    ----------
    ask, row, column
        As for `occlusion_map`, with a column of texts.
    text : str
        The cell.
    """
    words = text.split()
    looked = min(len(words), MOST_WORDS)
    texts = [text, *(" ".join(words[:at] + words[at + 1 :]) for at in range(looked))]
    answers = _answers(ask, row, column, texts)
    return tuple(
        WordWeight(word=words[at], fall=float(answers[0] - answers[1 + at])) for at in range(looked)
    )


def _answers(
    ask: Ask, row: pd.DataFrame, column: str, cells: Sequence[object]
) -> NDArray[np.float64]:
    """Return the answers with each of the cells in a column, asked for a few at a time.

    So few that their vectors are not kept: nobody will ask for these pictures again.
    """
    parts = [cells[start : start + FEW] for start in range(0, len(cells), FEW)]
    return np.concatenate([ask(_with_cells(row, column, part)) for part in parts])


def _with_cells(row: pd.DataFrame, column: str, cells: Sequence[object]) -> pd.DataFrame:
    """Return a row as often as there are cells, with these in a column."""
    rows = pd.concat([row] * len(cells), ignore_index=True)
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    rows[column] = pd.Series(values, index=rows.index, dtype=object)
    return rows
