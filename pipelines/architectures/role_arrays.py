"""What turns the columns of one role into one array for networks: its options, and its memory."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.rows import PreparedRows

Cell = TypeVar("Cell", bound=np.generic)
"""What the array holds."""


class RoleArrays(TransformerMixin, BaseEstimator, Generic[Cell]):
    """Make one array of all columns of a role.

    Parameters
    ----------
    roles : mapping of str to ColumnRole
        Role of each column.

    Attributes
    ----------
    role : ColumnRole
        Of the columns that are read; each kind of array has its own.
    categorical_ : tuple of int
        Empty: no column holds category codes.
    """

    role: ClassVar[ColumnRole]
    categorical_: tuple[int, ...]

    def __init__(self, roles: Mapping[str, ColumnRole]) -> None:
        self.roles = roles

    def fit(self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN) -> Self:
        """Look at what there is; nothing is learnt from it.

        Raises
        ------
        ValueError
            There is nothing to read.
        """
        del y, facts
        self._look(X)
        self.categorical_ = ()
        return self

    def fit_transform(
        self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN
    ) -> NDArray[Cell]:
        """Return ``fit(X, y, facts).transform(X)``."""
        return self.fit(X, y, facts).transform(X)

    def transform(self, X: pd.DataFrame | PreparedRows) -> NDArray[Cell]:
        """Return the array, which is made once for all models that answer these rows."""
        key = ("array", self.role, *self._columns())
        made: NDArray[Cell] = PreparedRows.of(X).once(key, self._stacked)
        return made

    @abstractmethod
    def _look(self, X: pd.DataFrame) -> None:
        """Find out what is needed to read these columns; raise a ValueError if there is nothing."""

    @abstractmethod
    def _stacked(self, frame: pd.DataFrame) -> NDArray[Cell]:
        """Return the array of a table's rows."""

    def _columns(self) -> list[str]:
        return [name for name, role in self.roles.items() if role is self.role]
