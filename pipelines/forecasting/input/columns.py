"""Names of the columns of a table of series, and how they are laid out."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

# The column of names where the user has none: of a wide table.
SERIES = "series"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesColumns:
    """The columns of a table of series.

    Attributes
    ----------
    time, target : str
        Names of the columns of times and values.
    series : str or None
        Name of the column that tells the series apart; None for a single series.
    known_covariates : tuple of str
        Columns that are known for the future too.
    past_covariates : tuple of str
        Columns that are known up to the newest values only.
    static : tuple of str
        Columns that have one value for each series.
    holidays : tuple of str
        Countries (``DE``) or parts of one (``DE-BY``) whose public holidays are known covariates.
    hierarchy : tuple of str
        Columns that the series add up by, the widest first; the last one, together with those
        before it, tells the series apart.
    wide : bool
        Whether the user's table has one column for each series.
    exclude : tuple of str
        Columns of a wide table that are no series.
    """

    time: Any
    target: Any
    series: Any = None
    known_covariates: tuple[Any, ...] = ()
    past_covariates: tuple[Any, ...] = ()
    static: tuple[Any, ...] = ()
    holidays: tuple[str, ...] = ()
    hierarchy: tuple[Any, ...] = ()
    wide: bool = False
    exclude: tuple[Any, ...] = ()

    def named(self) -> "SeriesColumns":
        """Return the columns with a name for the series where the layout has none of its own.

        A wide table's series are called by its columns; those of a hierarchy by the path that leads
        to them, in a column ``/region/store`` that the user never sees. A series column beside a
        hierarchy is its last level.
        """
        if self.hierarchy:
            levels = self.hierarchy
            if self.series is not None and self.series not in levels:
                levels = (*levels, self.series)
            return replace(self, hierarchy=levels, series="/".join(("", *map(str, levels))))
        return replace(self, series=SERIES) if self.wide and self.series is None else self

    @property
    def covariates(self) -> tuple[Any, ...]:
        """Columns of covariates, those known for the future first."""
        return (*self.known_covariates, *self.past_covariates)

    @property
    def keys(self) -> tuple[Any, ...]:
        """The user's columns that tell the series apart; none for a single series."""
        if self.hierarchy:
            return self.hierarchy
        return () if self.series is None else (self.series,)

    @property
    def inputs(self) -> tuple[Any, ...]:
        """All columns of a long table of these series, in the user's names."""
        return (*self.keys, self.time, self.target, *self.covariates, *self.static)

    @property
    def roles(self) -> tuple[tuple[str, Hashable | None], ...]:
        """What each named column is, for messages: pairs of role and name."""
        series = () if self.hierarchy else (("series column", self.series),)
        return (
            ("target", self.target),
            ("time column", self.time),
            *series,
            *(("level of the hierarchy", name) for name in self.hierarchy),
            *(("known covariate", name) for name in self.known_covariates),
            *(("past covariate", name) for name in self.past_covariates),
            *(("static covariate", name) for name in self.static),
        )
