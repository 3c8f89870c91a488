"""The back-test of a forecast: its score by block of time, by step of the horizon, by series.

Symbols: W origins of the search, S series, H steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.metrics import Scales
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.scores import ScoredForecast
from espalier.pipelines.serving.forecast_model import base_forecast

MOST_SERIES = 300
"""Series that are kept beside their seasonal naive forecast; a chart cannot show more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockScore:
    """The score of all series over one block of time.

    Attributes
    ----------
    first, last : str
        The times of its first and last step, of the series that reach furthest.
    score, naive : float or None
        Scores of the forecast and of the seasonal naive one.
    n_values : int
        Number of values that were compared.
    held_out : bool
        Whether the search never saw it.
    """

    first: str
    last: str
    score: float | None
    naive: float | None
    n_values: int
    held_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScore:
    """The score of one step of the horizon.

    Attributes
    ----------
    step : int
        The step, counted from 1.
    held_out, naive : float or None
        Scores of the forecast and of the seasonal naive one on the held-out block.
    origins : float or None
        Mean score at the origins of the search.
    """

    step: int
    held_out: float | None
    origins: float | None
    naive: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesScore:
    """The score of one series.

    Attributes
    ----------
    name : str
        Its name; empty for a single series.
    score, naive : float or None
        Scores of the forecast and of the seasonal naive one on the held-out block.
    n_values : int
        Number of values that were compared there.
    origins : float or None
        Mean score at the origins of the search; None where that was not measured.
    """

    name: str
    score: float | None
    naive: float | None
    n_values: int
    origins: float | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Backtest:
    """What was forecast at the origins of the search, beside what came.

    Attributes
    ----------
    table : SeriesTable
        What was known before the held-out block.
    origins : tuple of int
        Steps before the end of ``table`` at which the search forecast.
    blocks : tuple of ScoredForecast
        One for each origin. Of a metric of quantiles their scores mean nothing where only
        forecasts were kept.
    has_quantiles : bool
        Whether the quantiles of ``blocks`` are those of the model.
    """

    table: SeriesTable = field(repr=False)
    origins: tuple[int, ...]
    blocks: tuple[ScoredForecast, ...] = field(repr=False)
    has_quantiles: bool = False

    @classmethod
    def of(
        cls, scored: ScoredForecast, table: SeriesTable, origins: Sequence[int], made: Floats
    ) -> "Backtest":
        """Return the back-test of forecasts without quantiles.

        Parameters
        ----------
        scored : ScoredForecast
            The held-out block; its metric and levels are those of the others.
        table : SeriesTable
            What was known before that block.
        origins : sequence of int
            Steps before the end of ``table``.
        made : array, shape (W, S, H)
            The forecasts.
        """
        horizon = scored.actual.shape[1]
        scales = Scales.of(table.panel)
        blocks = tuple(
            ScoredForecast(
                metric=scored.metric,
                actual=table.panel.actual(ahead, horizon),
                made=made[place],
                quantiles=_flat(made[place], len(scored.levels)),
                levels=scored.levels,
                scales=scales,
            )
            for place, ahead in enumerate(origins)
        )
        return cls(table=table, origins=tuple(origins), blocks=blocks)

    @property
    def can_score(self) -> bool:
        """Whether the metric can be told of the blocks."""
        return bool(self.blocks) and (
            self.has_quantiles or not any(each.metric.of_quantiles for each in self.blocks)
        )

    def naive(self, place: int) -> ScoredForecast:
        """Return the seasonal naive forecast of a block."""
        block, panel = self.blocks[place], self.table.panel.before(self.origins[place])
        made = base_forecast(panel, block.actual.shape[1])
        return replace(block, made=made, quantiles=_flat(made, len(block.levels)))


def block_scores(
    scored: ScoredForecast,
    naive: ScoredForecast,
    backtest: Backtest,
    scores: Sequence[float] = (),
) -> tuple[BlockScore, ...]:
    """Return the score of each block, the oldest first, the held-out one last.

    Parameters
    ----------
    scored, naive : ScoredForecast
        The held-out block.
    backtest : Backtest
        The origins of the search.
    scores : sequence of float
        The metric at each origin, where it is known from the search.
    """
    found = [_block(scored, naive, backtest.table, 0, held_out=True)]
    for place, ahead in enumerate(backtest.origins):
        if len(scores) == len(backtest.origins):
            own: float | None = _plain(scores[place])
        elif backtest.can_score:
            own = _plain(backtest.blocks[place].score)
        else:
            continue
        simple = backtest.naive(place)
        block = _block(backtest.blocks[place], simple, backtest.table, ahead)
        found.append(replace(block, score=own))
    order = np.argsort([0, *backtest.origins][: len(found)], kind="stable")[::-1]
    return tuple(found[place] for place in order)


def step_scores(
    scored: ScoredForecast, naive: ScoredForecast, backtest: Backtest
) -> tuple[StepScore, ...]:
    """Return the score of each step at the held-out block and, as a mean, at the origins."""
    horizon = scored.actual.shape[1]
    before = [each.by_step for each in backtest.blocks] if backtest.can_score else []
    means = pd.DataFrame(before, columns=range(horizon), dtype=float).mean(axis=0)
    pairs = zip(scored.by_step, naive.by_step, strict=True)
    return tuple(
        StepScore(
            step=step + 1,
            held_out=_plain(own),
            origins=_plain(means[step]),
            naive=_plain(simple),
        )
        for step, (own, simple) in enumerate(pairs)
    )


def origin_scores(backtest: Backtest, rows: Sequence[int]) -> list[float | None]:
    """Return the mean score at the origins of some series; None without one."""
    if not backtest.can_score or not rows:
        return [None] * len(rows)
    wanted = np.asarray(rows, dtype=np.int64)
    by_block = [each.take(wanted).by_series for each in backtest.blocks]
    means = pd.DataFrame(by_block, dtype=float).mean(axis=0)
    return [_plain(each) for each in means]


def shown_time(moment: object) -> str:
    """Return a time as text; midnight goes without saying."""
    return str(moment).removesuffix(" 00:00:00")


def some_rows(n_rows: int) -> NDArray[np.int64]:
    """Return up to `MOST_SERIES` places of ``n_rows``, evenly spread."""
    return np.unique(np.linspace(0, max(n_rows - 1, 0), min(n_rows, MOST_SERIES)).astype(np.int64))


def _block(
    scored: ScoredForecast,
    naive: ScoredForecast,
    table: SeriesTable,
    ahead: int,
    *,
    held_out: bool = False,
) -> BlockScore:
    first = int(table.panel.phase().max()) - ahead
    steps = np.array([first, first + scored.actual.shape[1] - 1])
    begin, end = table.time_type.back(table.frequency.times(steps, table.clock))
    return BlockScore(
        first=shown_time(begin),
        last=shown_time(end),
        score=_plain(scored.score),
        naive=_plain(naive.score),
        n_values=scored.n_values,
        held_out=held_out,
    )


def _flat(made: Floats, n_levels: int) -> Floats:
    """Return forecasts as quantiles that are all the same."""
    return np.repeat(made[:, :, None], n_levels, axis=2)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
