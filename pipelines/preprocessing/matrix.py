"""A prepared table as one float32 matrix."""

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.categorical import CategoricalBlock
from espalier.pipelines.preprocessing.codes import FEW_ROWS
from espalier.pipelines.preprocessing.dates import DateParts
from espalier.pipelines.preprocessing.lookups import LookupColumns
from espalier.pipelines.preprocessing.numeric import NumericBlock
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.preprocessing.text import REPEATS, TextColumn
from espalier.pipelines.preprocessing.vectors.column import VectorColumn
from espalier.pipelines.preprocessing.vectors.scores import VectorScores

MEANINGS = ("both", "vector", "words")
"""What can be taken of a text column that also has a vector; the first is the default."""
_MEANING_OF = "meaning of "


def meaning_name(text_column: str) -> str:
    """Return the name of the prepared column with the vectors of a text column."""
    return _MEANING_OF + text_column


def text_of(meaning_column: str) -> str:
    """Return the text column that a column of its vectors was made of."""
    return meaning_column.removeprefix(_MEANING_OF)


class FeatureMatrix(TransformerMixin, BaseEstimator):
    """Transform each column by its role, join the results, and reduce the columns.

    Parameters
    ----------
    roles : mapping of str to ColumnRole
        Role of each column.
    dates : DateParts
        Turns dates into numbers, which then pass through ``numeric``.
    numeric : NumericBlock
        For numbers.
    categorical : CategoricalBlock
        For categories.
    text : TextColumn
        Cloned for each text column.
    steps : tuple of transformers
        Applied one after the other to the joined matrix, if it is dense.
    strings : str
        How text columns with repeated strings are used: as ``text``, as ``categories`` (with all
        their levels) or as ``both``.
    vector : VectorColumn or None
        Cloned for each column of vectors; None where there are none.
    meaning : str
        What is taken of a text column that also has a vector of its meaning: ``both``, the
        ``vector`` or the ``words``.
    pictures : str
        What is made of columns of pictures: ``columns`` (by ``vector``), the ``score`` of all of
        them together, or ``none``.
    lookups : LookupColumns or None
        For what is looked up of categories, strings that repeat, and numbers; None without.

    Attributes
    ----------
    categorical_ : tuple of int
        Positions of the matrix columns that hold category codes (``native`` encoding only).
    n_features_ : int
        Number of columns of the matrix.
    """

    def __init__(
        self,
        roles: Mapping[str, ColumnRole],
        dates: DateParts,
        numeric: NumericBlock,
        categorical: CategoricalBlock,
        text: TextColumn,
        steps: tuple[Any, ...] = (),
        strings: str = "text",
        vector: VectorColumn | None = None,
        meaning: str = "both",
        pictures: str = "columns",
        lookups: LookupColumns | None = None,
    ) -> None:
        self.roles = roles
        self.dates = dates
        self.numeric = numeric
        self.categorical = categorical
        self.text = text
        self.steps = steps
        self.strings = strings
        self.vector = vector
        self.meaning = meaning
        self.pictures = pictures
        self.lookups = lookups

    def fit(self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN) -> "FeatureMatrix":
        """Learn from a prepared table and its target."""
        self.fit_transform(X, y, facts)
        return self

    def fit_transform(self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN) -> Any:
        """Learn from ``X`` and return its matrix, shape (n_rows, n_features_).

        Target encodings of these rows are cross-fitted, so this is not ``fit().transform()``. The
        ``facts`` say how much each row counts, and what a fold must not tear apart.
        """
        blocks: list[Any] = []
        categorical: tuple[int, ...] = ()
        if self._columns(ColumnRole.NUMERIC) or self._dates():
            self.dates_ = clone(self.dates).fit(X)
            self.numeric_ = clone(self.numeric)
            # Formulas may use categories too, as codes in their natural order.
            levelled = self._columns(ColumnRole.CATEGORICAL)
            if self.numeric.construction == "random" and levelled:
                self.level_block_ = CategoricalBlock(
                    "ordinal", self.categorical.rare_share, seed=self.numeric.seed
                ).fit(X[levelled], y, facts)
            rows = PreparedRows.of(X)
            blocks.append(
                self.numeric_.fit_transform(self._numbers(rows), y, facts, self._levels(rows))
            )
        if names := self._columns(ColumnRole.CATEGORICAL):
            self.categorical_block_ = clone(self.categorical)
            block = self.categorical_block_.fit_transform(X[names], y, facts)
            if self.categorical.encoding == "native":
                categorical = _places(blocks, block)
            blocks.append(block)
        self.repeating_ = self._repeating(X)
        if self.repeating_:
            # Rare levels in combination are what makes these columns useful: none are merged.
            self.strings_block_ = clone(self.categorical).set_params(rare_share=0.0)
            block = self.strings_block_.fit_transform(X[self.repeating_], y, facts)
            if self.categorical.encoding == "native":
                categorical += _places(blocks, block)
            blocks.append(block)
        left_out = self.repeating_ if self.strings == "categories" else []
        if self.meaning == "vector":
            left_out = [*left_out, *map(text_of, self._columns(ColumnRole.MEANING))]
        self.texts_ = {
            name: clone(self.text)
            for name in self._columns(ColumnRole.TEXT)
            if name not in left_out
        }
        blocks.extend(text.fit_transform(X[name], y, facts) for name, text in self.texts_.items())
        self.vectors_ = {name: clone(self.vector) for name in self._vectors(X)}
        blocks.extend(
            vector.fit(X[name], y, facts).transform(X[name])
            for name, vector in self.vectors_.items()
        )
        scored = self._pictures(X) if self.pictures == "score" else []
        self.scored_ = scored
        if scored:
            self.scores_ = VectorScores(self.numeric.classification, self.numeric.seed)
            blocks.append(self.scores_.fit_transform(X[scored], y, facts))
        self.lookups_ = None
        if self.lookups is not None:
            self.levelled_ = [*self._columns(ColumnRole.CATEGORICAL), *self._repeated_texts(X)]
            self.lookups_ = clone(self.lookups)
            looked_up = self._looked_up(PreparedRows.of(X))
            blocks.append(self.lookups_.fit_transform(looked_up, y, facts))
        matrix = _join(blocks, len(X))
        self.steps_: list[Any] = []
        if not sp.issparse(matrix):
            for step in self.steps:
                self.steps_.append(clone(step).fit(matrix, y, facts))
                matrix = self.steps_[-1].transform(matrix)
                categorical = _follow(categorical, self.steps_[-1])
        self.categorical_ = categorical
        self.n_features_ = matrix.shape[1]
        return matrix

    def transform(self, X: pd.DataFrame | PreparedRows) -> Any:
        """Return the matrix of ``X``, shape (n_rows, n_features_)."""
        rows, blocks = PreparedRows.of(X), list[Any]()
        if self._columns(ColumnRole.NUMERIC) or self._dates():
            blocks.append(self.numeric_.transform(self._numbers(rows), self._levels(rows)))
        if names := self._columns(ColumnRole.CATEGORICAL):
            blocks.append(self.categorical_block_.transform(_cells(rows, names)))
        if self.repeating_:
            blocks.append(self.strings_block_.transform(_cells(rows, self.repeating_)))
        blocks.extend(
            text.transform(rows.frame[name], partial(_once, rows, name))
            for name, text in self.texts_.items()
        )
        vectors = getattr(self, "vectors_", {})  # older versions had none
        blocks.extend(each.transform(rows.frame[name]) for name, each in vectors.items())
        if scored := getattr(self, "scored_", []):
            blocks.append(self.scores_.transform(rows.frame[scored]))
        lookups = getattr(self, "lookups_", None)
        if lookups is not None:
            blocks.append(lookups.transform(self._looked_up(rows)))
        matrix = _join(blocks, len(rows))
        for step in self.steps_:
            matrix = step.transform(matrix)
        return matrix

    def _columns(self, role: ColumnRole) -> list[str]:
        return [name for name, kind in self.roles.items() if kind == role]

    def _dates(self) -> list[str]:
        return [name for name, kind in self.roles.items() if kind.is_date]

    def _vectors(self, X: pd.DataFrame) -> list[str]:
        """Return the columns of vectors that are used, without those that have none in ``X``."""
        names = self._pictures(X) if self.pictures == "columns" else []
        if self.meaning != "words":
            meanings = self._columns(ColumnRole.MEANING)
            names += [name for name in meanings if X[name].notna().any()]
        return names

    def _pictures(self, X: pd.DataFrame) -> list[str]:
        """Return the columns of pictures, without those that have none in ``X``."""
        return [name for name in self._columns(ColumnRole.IMAGE) if X[name].notna().any()]

    def _repeating(self, X: pd.DataFrame) -> list[str]:
        """Return the text columns whose strings repeat enough to be used as categories."""
        return [] if self.strings == "text" else self._repeated_texts(X)

    def _repeated_texts(self, X: pd.DataFrame) -> list[str]:
        return [
            name
            for name in self._columns(ColumnRole.TEXT)
            if REPEATS * X[name].nunique() <= X[name].notna().sum()
        ]

    def _levels(self, rows: PreparedRows) -> NDArray[Any] | None:
        """Return the codes of categories that formulas may use; None if they use none."""
        block = getattr(self, "level_block_", None)
        if block is None:
            return None
        codes: NDArray[Any] = block.transform(_cells(rows, self._columns(ColumnRole.CATEGORICAL)))
        return codes.astype(np.float64)

    def _looked_up(self, rows: PreparedRows) -> tuple[Any, NDArray[Any]]:
        """Return the strings and the numbers that `LookupColumns` takes."""
        names = self._columns(ColumnRole.NUMERIC)
        numbers = rows.once(
            ("numbers", *names), lambda frame: frame[names].to_numpy(dtype=np.float64)
        )
        return _cells(rows, self.levelled_), numbers

    def _numbers(self, rows: PreparedRows) -> NDArray[Any]:
        names = self._columns(ColumnRole.NUMERIC)
        numbers: NDArray[Any] = rows.once(
            ("numbers", *names), lambda frame: frame[names].to_numpy(dtype=np.float64)
        )
        if dates := self._dates():
            numbers = np.hstack([numbers, self.dates_.transform(rows.columns(dates))])
        return numbers


def _once(rows: PreparedRows, name: str, key: Hashable, make: Callable[[], Any]) -> Any:
    """Return ``make()``, cached with the rows so that several models compute it once."""
    return rows.once(("text", name, key), lambda _: make())


def _cells(rows: PreparedRows, names: list[str]) -> pd.DataFrame | NDArray[Any]:
    """Return string columns, as an array for few rows, where pandas' overhead would dominate."""
    if len(rows) > FEW_ROWS:
        return rows.columns(names)
    cells: NDArray[Any] = rows.once(
        ("cells", *names), lambda frame: frame[names].to_numpy(dtype=object)
    )
    return cells


def _join(blocks: list[Any], n_rows: int) -> Any:
    """Return the blocks side by side: CSR if any is sparse, else a dense float32 array."""
    blocks = [block for block in blocks if block.shape[1]]
    if not blocks:  # nothing varies: a model on a constant is the best that is left
        return np.zeros((n_rows, 1), dtype=np.float32)
    if any(sp.issparse(block) for block in blocks):
        return sp.hstack([sp.csr_matrix(block) for block in blocks], format="csr")
    return np.ascontiguousarray(np.hstack(blocks), dtype=np.float32)


def _places(before: list[Any], block: Any) -> tuple[int, ...]:
    """Return the column positions of ``block`` in the joined matrix, after ``before``."""
    start = sum(part.shape[1] for part in before)
    return tuple(range(start, start + block.shape[1]))


def _follow(categorical: tuple[int, ...], step: Any) -> tuple[int, ...]:
    """Return the positions of category codes after ``step``; none after a projection."""
    columns = getattr(step, "columns_", None)
    if columns is None:  # a projection leaves no codes
        return ()
    before = set(categorical)
    return tuple(position for position, column in enumerate(columns) if int(column) in before)
