"""Names of the columns of a long table of series."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesColumns:
    """The columns of a long table.

    Attributes
    ----------
    time, target : str
        Names of the columns of times and values.
    series : str or None
        Name of the column that tells the series apart; None for a single series.
    known_covariates : tuple of str
        Columns that are known for the future too.
    """

    time: Any
    target: Any
    series: Any = None
    known_covariates: tuple[Any, ...] = ()
