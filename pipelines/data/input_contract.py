"""The columns that a model needs in the rows to score: their names and kinds of values.

A missing column is an error. Another kind of values is only a warning: cells are converted as far
as possible, see `espalier.pipelines.data.parsing.readings`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.readings import is_date, is_number
from espalier.pipelines.errors import MissingColumnsError


@dataclass(frozen=True, slots=True)
class InputContract:
    """The columns that a model needs, each with its kind of values.

    Attributes
    ----------
    kinds : mapping of str to str
        By column: ``numbers``, ``dates``, ``text``, or empty where it is not known.
    """

    kinds: Mapping[str, str]

    @classmethod
    def of(cls, columns: tuple[str, ...], example: pd.DataFrame | None) -> "InputContract":
        """Return the contract of a model, inferred from its columns and some training rows."""
        if example is None:
            return cls(dict.fromkeys(columns, ""))
        table = with_unique_names(example)
        return cls({name: kind_of_values(table[name]) for name in columns})

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns that held text in training."""
        return tuple(name for name, kind in self.kinds.items() if kind == "text")

    def check(self, table: pd.DataFrame, *, where: str = "the table") -> tuple[str, ...]:
        """Return a warning for each column whose kind of values has changed since training.

        Parameters
        ----------
        table : DataFrame, shape (n_rows, ...)
            Raw rows; extra and reordered columns are fine.
        where : str
            Name of the table in messages.

        Raises
        ------
        MissingColumnsError
            Columns are missing; all of them are named.
        """
        table = with_unique_names(table)
        missing = tuple(name for name in self.kinds if name not in table.columns)
        if missing:
            raise MissingColumnsError(missing, where)
        found = []
        for name, kind in self.kinds.items():
            here = kind_of_values(table[name])
            if here and kind and here != kind:
                found.append(
                    f"column {name!r} of {where} holds {here} where the model was trained on "
                    f"{kind}; cells that cannot be read as such count as missing or unknown"
                )
        return tuple(found)


def kind_of_values(series: "pd.Series[Any]") -> str:
    """Return ``numbers``, ``dates`` or ``text``; empty where no cell is present."""
    if not series.notna().any():
        return ""
    if is_number(series.dtype):
        return "numbers"
    if is_date(series.dtype):
        return "dates"
    if isinstance(series.dtype, pd.CategoricalDtype):
        return kind_of_values(pd.Series(series.dtype.categories))
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred in ("boolean", "integer", "floating", "mixed-integer-float", "decimal"):
        return "numbers"
    if inferred in ("datetime", "datetime64", "date"):
        return "dates"
    return "text"
