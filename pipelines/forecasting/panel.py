"""Many series of different lengths, as flat arrays that are cut at any origin without copying.

Symbols, here and in the files beside it
    S   series
    N   rows of all series together
    C   known covariates, those of the calendar among them
    P   covariates that are known up to the origin only
    H   horizon: steps to forecast
    m   season: steps after which a pattern repeats; 1 for none

A series has the steps 0, 1, 2... of its frequency. Steps without a value are filled in `values`
and marked in `observed`. Known covariates may reach beyond the last value: that is their future.
Nothing of a covariate that is known up to the origin only is given out from there on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CYCLES = 4
"""Times that a series should show a season."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Calendar:
    """Covariates that follow from the time alone, such as public holidays; alike in all series.

    Attributes
    ----------
    first : int
        Number of the first step that it tells of, since the beginning of time.
    values : array of float32, shape (T, K)
        What is known of each step.
    """

    first: int
    values: NDArray[np.float32] = field(repr=False)

    def since(self, step: int) -> "Calendar":
        """Return it from a step on."""
        skipped = max(0, step - self.first)
        return Calendar(first=self.first + skipped, values=self.values[skipped:])

    def at(self, steps: Ints) -> Floats:
        """Return what is known of steps, (..., K); NaN where it tells nothing of one."""
        places = steps - self.first
        there = (places >= 0) & (places < len(self.values))
        if not len(self.values):
            return np.full((*steps.shape, self.values.shape[1]), np.nan)
        found = self.values[np.where(there, places, 0)].astype(np.float64)
        return np.where(there[..., None], found, np.nan)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Panel:
    """The values of many series up to an origin.

    Attributes
    ----------
    values : array, shape (N,)
        Values, one series after the other; finite, gaps filled.
    observed : array of bool, shape (N,)
        False where a value was filled in.
    starts, stops, limits : arrays of int, shape (S,)
        The values of a series are those from its start to before its stop; its known covariates
        reach to before its limit.
    first : array of int, shape (S,)
        Number of a series' first step since the beginning of time, in steps: equal numbers are
        equal moments, so that the phase of a season is the same in all series.
    season : int
        The season that naive forecasts repeat and errors are scaled by.
    seasons : tuple of int
        All seasons that may be there, such as 24 and 168 for hours; ascending, without 1.
    covariates : array, shape (N, C' + P)
        Known covariates without those of the calendar, then those known up to the origin only; NaN
        where missing.
    n_past : int
        Number of the latter, P.
    static : array or None, shape (S, K)
        What is known of each series as a whole, as numbers; NaN where missing.
    calendar : Calendar or None
        Known covariates that follow from the time.
    """

    values: Floats = field(repr=False)
    observed: NDArray[np.bool_] = field(repr=False)
    starts: Ints = field(repr=False)
    stops: Ints = field(repr=False)
    limits: Ints = field(repr=False)
    first: Ints = field(repr=False)
    season: int = 1
    seasons: tuple[int, ...] = ()
    covariates: Floats = field(repr=False)
    n_past: int = 0
    static: Floats | None = field(default=None, repr=False)
    calendar: Calendar | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        series: Sequence[Floats],
        *,
        season: int = 1,
        seasons: Sequence[int] | None = None,
        first: Sequence[int] | None = None,
    ) -> "Panel":
        """Return the panel of complete series without covariates.

        Parameters
        ----------
        series : sequence of arrays
            The values of each series; NaN where there is none.
        season : int
            The main season.
        seasons : sequence of int or None
            All seasons; None for the main one alone.
        first : sequence of int or None
            Number of each series' first step; None for 0.
        """
        lengths = np.array([len(each) for each in series], dtype=np.int64)
        stops = np.cumsum(lengths)
        values = np.concatenate([np.zeros(0), *(np.asarray(y, dtype=np.float64) for y in series)])
        observed = np.isfinite(values)
        bounds = zip(stops - lengths, stops, strict=True)
        for start, stop in bounds:
            fill_gaps(values[start:stop], season)
        known = (season,) if season > 1 else ()
        return cls(
            values=values,
            observed=observed,
            starts=stops - lengths,
            stops=stops,
            limits=stops.copy(),
            first=np.zeros(len(series), np.int64) if first is None else np.asarray(first, np.int64),
            season=season,
            seasons=known if seasons is None else tuple(seasons),
            covariates=np.zeros((len(values), 0)),
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> Ints:
        """Number of steps of each series up to the origin, shape (S,)."""
        return self.stops - self.starts

    @property
    def n_covariates(self) -> int:
        """Number of known covariates, C."""
        of_calendar = 0 if self.calendar is None else self.calendar.values.shape[1]
        return self.covariates.shape[1] - self.n_past + of_calendar

    def before(self, steps: "int | Ints") -> "Panel":
        """Return the panel as it was ``steps`` steps before the end of each series.

        A series that was not there yet has no values. The covariates stay known.
        """
        return replace(self, stops=np.maximum(self.stops - steps, self.starts))

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Panel":
        """Return the panel of the series at these positions, or where the mask is true."""
        return replace(
            self,
            starts=self.starts[rows],
            stops=self.stops[rows],
            limits=self.limits[rows],
            first=self.first[rows],
            static=None if self.static is None else self.static[rows],
        )

    def series(self, row: int) -> Floats:
        """Return the values of one series up to the origin."""
        return self.values[self.starts[row] : self.stops[row]]

    def actual(self, ahead: "int | Ints", horizon: int) -> Floats:
        """Return what followed the origin ``ahead`` steps before the end, shape (S, H).

        NaN where there is no value, and for series that had not begun at the origin.
        """
        steps = (self.stops - ahead)[:, None] + np.arange(horizon)
        there = (self.stops - ahead > self.starts)[:, None] & (steps < self.stops[:, None])
        places = np.where(there, steps, 0)
        if not len(self.values):
            return np.full(steps.shape, np.nan)
        return np.where(there & self.observed[places], self.values[places], np.nan)

    def tail(self, longest: int, ahead: int = 0) -> Floats:
        """Return the last values before the origin, shape (S, longest), NaN before a start."""
        return self.at((self.stops - ahead)[:, None] - longest + np.arange(longest))

    def at(self, places: Ints) -> Floats:
        """Return what stands at places of `values`, shape (S, L); NaN outside of a series.

        Parameters
        ----------
        places : array of int, shape (S, L)
            Places of each series' steps; nothing is told of those from its stop on.
        """
        there = (places >= self.starts[:, None]) & (places < self.stops[:, None])
        if not len(self.values):
            return np.full(places.shape, np.nan)
        return np.where(there, self.values[np.where(there, places, 0)], np.nan)

    def season_of(self, cycle: str) -> int:
        """Return the season that is meant: the panel's for ``first``, or the ``longest``.

        A season that most series show less than `CYCLES` times tells more noise than pattern; where
        that is so of all, it is the panel's too.
        """
        if cycle != "longest" or not self.seasons:
            return self.season
        seen = float(np.median(self.lengths)) / CYCLES
        return max([m for m in self.seasons if m <= seen], default=self.season)

    def future(self, horizon: int) -> Floats:
        """Return the known covariates of the next steps, shape (S, H, C); NaN where unknown."""
        return self.known(self.stops[:, None] + np.arange(horizon))

    def known(self, places: Ints) -> Floats:
        """Return the known covariates at places of `values`, shape (S, L, C), NaN where unknown.

        Parameters
        ----------
        places : array of int, shape (S, L)
            Places of each series' steps, which may lie beyond its end; before its start nothing is
            known.
        """
        begun = places >= self.starts[:, None]
        there = begun & (places < self.limits[:, None])
        count = self.covariates.shape[1] - self.n_past
        if not len(self.covariates):
            found = np.full((*places.shape, count), np.nan)
        else:
            rows = self.covariates[np.where(there, places, 0), :count]
            found = np.where(there[:, :, None], rows, np.nan)
        if self.calendar is None:
            return found
        steps = self.first[:, None] + places - self.starts[:, None]
        of_calendar = np.where(begun[:, :, None], self.calendar.at(steps), np.nan)
        return np.concatenate([found, of_calendar], axis=2)

    def past(self, longest: int) -> Floats:
        """Return the covariates known up to the origin only at the last steps before it.

        Shape (S, longest, P), NaN before a start and where missing.
        """
        places = self.stops[:, None] - longest + np.arange(longest)
        there = places >= self.starts[:, None]
        first = self.covariates.shape[1] - self.n_past
        rows = self.covariates[np.where(there, places, 0), first:]
        return np.where(there[:, :, None], rows, np.nan)

    def phase(self) -> Ints:
        """Return the number of the step that follows the origin, shape (S,)."""
        return self.first + self.lengths


def fill_gaps(values: Floats, season: int) -> None:
    """Fill missing values of one series in place.

    Linearly between neighbours; where a gap is long and there is a season, by the seasonal
    pattern around that line, as a straight line through a whole season would flatten it.
    """
    missing = ~np.isfinite(values)
    if not missing.any():
        return
    known = np.flatnonzero(~missing)
    if not len(known):
        values[:] = 0.0
        return
    steps = np.arange(len(values))
    line = np.interp(steps, known, values[known])
    values[missing] = line[missing]
    if season < 2 or len(known) < 3 * season:
        return
    # The line goes through values of its two ends' phases: take their pattern out, put in its own.
    level = _moving_mean(values, season)
    pattern = np.zeros(season)
    counts = np.bincount(known % season, minlength=season)
    sums = np.bincount(known % season, weights=(values - level)[known], minlength=season)
    pattern[counts > 0] = sums[counts > 0] / counts[counts > 0]
    smooth = np.interp(steps, known, (values - pattern[steps % season])[known])
    values[missing] = (smooth + pattern[steps % season])[missing]


def _moving_mean(values: Floats, width: int) -> Floats:
    """Return the mean of the values around each, over ``width`` steps, fewer at the ends."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    steps = np.arange(len(values))
    low = np.maximum(steps - width // 2, 0)
    high = np.minimum(steps + (width + 1) // 2, len(values))
    return (total[high] - total[low]) / (high - low)
