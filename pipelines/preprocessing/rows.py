"""Prepared rows that several models are asked about: what they share is made once."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

import pandas as pd


class PreparedRows:
    """A prepared table with a memory, for as long as one question lasts.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Prepared features; nothing may change it meanwhile.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._made: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, X: "pd.DataFrame | PreparedRows") -> "PreparedRows":
        """Return ``X`` with a memory."""
        return X if isinstance(X, PreparedRows) else cls(X)

    def __len__(self) -> int:
        return len(self.frame)

    def once(self, key: Hashable, make: Callable[[pd.DataFrame], Any]) -> Any:
        """Return ``make(frame)``, made at the first call with this key; not to be written to."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make(self.frame)
            return self._made[key]

    def columns(self, names: list[str]) -> pd.DataFrame:
        """Return these columns."""
        part: pd.DataFrame = self.once(("columns", *names), lambda frame: frame[names])
        return part
