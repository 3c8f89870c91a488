"""Prepared rows for several models, with a cache of the features that they share."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

import pandas as pd


class PreparedRows:
    """A prepared table with a cache of derived values, used for one prediction call.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Prepared features; must not be changed while this object is in use.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._made: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, X: "pd.DataFrame | PreparedRows") -> "PreparedRows":
        """Wrap a table; return ``X`` itself if it is wrapped already."""
        return X if isinstance(X, PreparedRows) else cls(X)

    def __len__(self) -> int:
        return len(self.frame)

    def once(self, key: Hashable, make: Callable[[pd.DataFrame], Any]) -> Any:
        """Return ``make(frame)``, cached by key; the result must not be modified."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make(self.frame)
            return self._made[key]

    def columns(self, names: list[str]) -> pd.DataFrame:
        """Return these columns of the table, cached."""
        part: pd.DataFrame = self.once(("columns", *names), lambda frame: frame[names])
        return part
