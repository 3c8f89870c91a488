"""A prepared table with its target: what every trial works on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import LONGEST_TEXT
from espalier.pipelines.data.row_weights import mean_one
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import drawn_rows
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults

PICTURE_NUMBERS = 1_000
"""Numbers of vectors from which on a table is one of pictures; a text's meaning has fewer."""
WIDE = 4
"""Numbers of pictures per row from which on the products of rows are the shorter description."""
_ROWS_TO_MEASURE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A prepared table, its target and the roles of its columns.

    Attributes
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        Prepared features: unique string names, RangeIndex, dtypes as `ColumnRole` says.
    y : array, shape (n_rows,)
        int64 codes 0..K-1 for classification, float64 for regression; nothing missing.
    problem : ProblemKind
        The kind of problem.
    roles : mapping of str to ColumnRole
        One entry per column of X, in its order.
    classes : array or None, shape (K,)
        The original labels, sorted; ``classes[code]`` is the label. None for regression.
    groups : array or None, shape (n_rows,)
        Codes of rows that must stay on one side of every split.
    times : array or None, shape (n_rows,)
        float64, sortable; no split validates on rows older than those it trains on.
    sample_weight : array or None, shape (n_rows,)
        Non-negative weights, given in any unit and kept with mean 1.
    """

    X: pd.DataFrame
    y: NDArray[Any]
    problem: ProblemKind
    roles: Mapping[str, ColumnRole]
    classes: NDArray[Any] | None = None
    groups: NDArray[Any] | None = field(default=None, repr=False)
    times: NDArray[Any] | None = field(default=None, repr=False)
    sample_weight: NDArray[Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.X) != len(self.y):
            raise ValueError(f"X has {len(self.X)} rows, y has {len(self.y)}")
        if list(self.X.columns) != list(self.roles):
            raise ValueError("roles must name the columns of X, in their order")
        if self.sample_weight is not None:
            object.__setattr__(self, "sample_weight", mean_one(self.sample_weight))

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """Number of classes; 1 for regression."""
        return 1 if self.classes is None else len(self.classes)

    @property
    def shape(self) -> "DatasetShape":
        """The sizes that a learner's limits, defaults and expected cost depend on."""
        roles = list(self.roles.values())
        return DatasetShape(
            problem=self.problem,
            n_rows=len(self),
            n_columns=len(roles),
            n_categorical=roles.count(ColumnRole.CATEGORICAL),
            n_text=roles.count(ColumnRole.TEXT),
            n_datetime=sum(role.is_date for role in roles),
            n_vectors=sum(role.is_vector for role in roles),
            n_meanings=roles.count(ColumnRole.MEANING),
            vector_width=sum(map(vector_width, self._vectors())),
            n_pixels=roles.count(ColumnRole.PIXELS),
            pixel_side=max(map(pixel_side, self._pixels()), default=0),
            n_classes=self.n_classes,
            smallest_class=int(np.bincount(self.y, minlength=self.n_classes).min())
            if self.problem.is_classification
            else len(self),
            has_time=ColumnRole.TIME in roles,
            has_missing=bool(self.X.isna().to_numpy().any()),
            is_weighted=self.sample_weight is not None,
            text_length=sum(
                _text_length(self.X[name])
                for name, role in self.roles.items()
                if role is ColumnRole.TEXT
            ),
        )

    @property
    def n_bytes(self) -> int:
        """About how much memory the features take."""
        texts = [name for name, role in self.roles.items() if role is ColumnRole.TEXT]
        strings = len(self) * sum(_text_length(self.X[name]) for name in texts)
        numbers = 2 * len(self) * sum(map(vector_width, self._vectors()))
        colours = len(self) * sum(map(vector_width, self._pixels()))
        return int(self.X.memory_usage(index=False).sum() + strings + numbers + colours)

    def _vectors(self) -> "list[pd.Series[Any]]":
        """Return the columns whose cells are vectors."""
        return [self.X[name] for name, role in self.roles.items() if role.is_vector]

    def _pixels(self) -> "list[pd.Series[Any]]":
        """Return the columns whose cells are the pixels of pictures."""
        return [self.X[name] for name, role in self.roles.items() if role is ColumnRole.PIXELS]

    def take(self, rows: NDArray[Any]) -> "Dataset":
        """Return the dataset of these row positions, in the order given."""

        def part(values: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if values is None else values[rows]

        return replace(
            self,
            X=self.X.iloc[rows].reset_index(drop=True),
            y=self.y[rows],
            groups=part(self.groups),
            times=part(self.times),
            sample_weight=part(self.sample_weight),
        )

    def with_columns(self, columns: Sequence[str]) -> "Dataset":
        """Return the dataset with these columns only, in the order given."""
        return replace(
            self, X=self.X[list(columns)], roles={name: self.roles[name] for name in columns}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetShape:
    """The sizes of a dataset that a learner's limits, defaults and expected cost depend on.

    Attributes
    ----------
    problem : ProblemKind
        The kind of problem.
    n_rows, n_columns : int
        Size of the prepared table.
    n_categorical, n_text, n_datetime : int
        Columns of these roles; the rest are numeric, vectors or pixels. The dates include the
        column that orders the rows.
    n_classes : int
        Number of classes; 1 for regression.
    smallest_class : int
        Rows of the rarest class; n_rows for regression.
    has_missing : bool
        Whether any prepared cell is missing.
    is_weighted : bool
        Whether the rows have weights.
    text_length : float
        Characters of distinct strings per row, summed over the text columns: a repeated string is
        processed only once.
    has_time : bool
        Whether the column that orders the rows is a feature.
    n_vectors : int
        Columns of vectors that frozen networks made.
    n_meanings : int
        Those of them that were made of a text column.
    vector_width : int
        Length of these vectors, summed over the columns.
    n_pixels : int
        Columns of the pixels of pictures, which only networks use.
    pixel_side : int
        Side of these pictures; 0 without any.
    """

    __setstate__ = set_state_with_defaults

    problem: ProblemKind
    n_rows: int
    n_columns: int
    n_categorical: int = 0
    n_text: int = 0
    n_datetime: int = 0
    n_classes: int = 1
    smallest_class: int = 0
    has_missing: bool = False
    text_length: float = 0.0
    is_weighted: bool = False
    has_time: bool = False
    n_vectors: int = 0
    n_meanings: int = 0
    vector_width: int = 0
    n_pixels: int = 0
    pixel_side: int = 0

    @property
    def is_of_pictures(self) -> bool:
        """Whether most of what is known of a row are the many numbers of its pictures."""
        return self.vector_width >= PICTURE_NUMBERS

    @property
    def has_others_beside_pictures(self) -> bool:
        """Whether there are pictures, and columns that are none."""
        return self.is_of_pictures and self.n_columns > self.n_vectors + self.n_pixels

    @property
    def is_wide(self) -> bool:
        """Whether pictures give several times as many numbers as there are rows."""
        return self.is_of_pictures and self.vector_width >= WIDE * self.n_rows

    @property
    def n_numeric(self) -> int:
        """Number of numeric columns."""
        others = self.n_categorical + self.n_text + self.n_datetime + self.n_vectors
        return self.n_columns - others - self.n_pixels


def vector_width(vectors: "pd.Series[Any]") -> int:
    """Return the length of a column's vectors; 0 if every cell is missing."""
    return next((len(each) for each in vectors if isinstance(each, np.ndarray)), 0)


def pixel_side(pixels: "pd.Series[Any]") -> int:
    """Return the side of a column's pictures; 0 if every cell is missing."""
    return math.isqrt(vector_width(pixels) // 3)


def _text_length(strings: "pd.Series[Any]") -> float:
    """Return the mean characters of distinct strings per row, from a sample of the rows."""
    some = strings.iloc[drawn_rows(len(strings), _ROWS_TO_MEASURE, seed=0)]
    return sum(min(len(each), LONGEST_TEXT) for each in some.dropna().unique()) / max(len(some), 1)
