"""The tokens of a table's texts as one array, for networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.architectures.tokens.layers import NO_TOKEN
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.texts.wordpiece import open_wordpieces

MOST_TOKENS = 256
"""Tokens of a text that any network sees."""


class TokenArrays(TransformerMixin, BaseEstimator):
    """Split the texts of all text columns into tokens; a missing text has none. Nothing is fitted.

    Parameters
    ----------
    roles : mapping of str to ColumnRole
        Role of each column.

    Attributes
    ----------
    categorical_ : tuple of int
        Empty: no column holds category codes.
    """

    def __init__(self, roles: Mapping[str, ColumnRole]) -> None:
        self.roles = roles

    def fit(self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN) -> "TokenArrays":
        """Find out that there are texts.

        Raises
        ------
        ValueError
            The table has no column of texts.
        """
        del X, y, facts
        if not self._columns():
            raise ValueError("the table has no column of texts")
        self.categorical_: tuple[int, ...] = ()
        return self

    def fit_transform(
        self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN
    ) -> NDArray[np.uint16]:
        """Return ``fit(X, y, facts).transform(X)``."""
        return self.fit(X, y, facts).transform(X)

    def transform(self, X: pd.DataFrame | PreparedRows) -> NDArray[np.uint16]:
        """Return the tokens, (n_rows, n_columns, length), `NO_TOKEN` behind the end of a text.

        The length is that of the longest of these texts, at most `MOST_TOKENS`.
        """
        rows = PreparedRows.of(X)
        names = self._columns()
        tokens: NDArray[np.uint16] = rows.once(("tokens", *names), self._stacked)
        return tokens

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

    def _columns(self) -> list[str]:
        return [name for name, role in self.roles.items() if role is ColumnRole.TEXT]
