"""The tokens of a table's texts as one array, for networks."""

from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.architectures.role_arrays import RoleArrays
from espalier.pipelines.architectures.tokens.layers import NO_TOKEN
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.texts.wordpiece import open_wordpieces

MOST_TOKENS = 256
"""Tokens of a text that any network sees."""


class TokenArrays(RoleArrays[np.uint16]):
    """Split the texts of all text columns into tokens; a missing text has none. Nothing is fitted.

    The tokens have the shape (n_rows, n_columns, length), with `NO_TOKEN` behind the end of a text.
    The length is that of the longest of these texts, at most `MOST_TOKENS`.
    """

    role: ClassVar[ColumnRole] = ColumnRole.TEXT

    def _look(self, X: pd.DataFrame) -> None:
        del X
        if not self._columns():
            raise ValueError("the table has no column of texts")

    def _stacked(self, frame: pd.DataFrame) -> NDArray[np.uint16]:
        pieces = open_wordpieces()
        columns = []
        for name in self._columns():
            codes, texts = pd.factorize(frame[name].to_numpy(), use_na_sentinel=True)
            columns.append((codes, [pieces.split(str(text), MOST_TOKENS) for text in texts]))
        length = max((len(each) for _, found in columns for each in found), default=0)
        made = np.full((len(frame), len(columns), max(length, 1)), NO_TOKEN, dtype=np.uint16)
        for place, (codes, found) in enumerate(columns):
            filled = np.full((len(found) + 1, max(length, 1)), NO_TOKEN, dtype=np.uint16)
            for at, each in enumerate(found):
                filled[at, : len(each)] = each
            made[:, place] = filled[codes]  # a missing text has the code -1: the last row
        return made
