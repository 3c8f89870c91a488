"""Charts of a forecast's report, as inline SVG styled by the page."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from espalier.pipelines.explain.backtest import SeriesScore, StepScore
from espalier.pipelines.explain.forecast_explanation import SeriesStory
from espalier.pipelines.explain.series_parts import CalendarEffect, SeriesParts
from espalier.pipelines.pages.charts import axes, diagonal_chart, dot, grid, path_data, svg, text
from espalier.pipelines.pages.small_charts import (
    SMALL_HEIGHT,
    Line,
    bar,
    drawing,
    frame,
    line_chart,
)

MOST_DRAWN = 400
"""Points of a line that is drawn; more would not show."""
_EDGE = 3.0
"""Medians from which on series are drawn at the edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChart:
    """A drawn series with its title and times.

    Attributes
    ----------
    title, why : str
        The series, and why it is shown.
    first, origin, last : str
        Its times.
    svg : Markup
        The drawing.
    """

    title: str
    why: str
    first: str
    origin: str
    last: str
    svg: Markup


def series_chart(story: SeriesStory, target: str) -> SeriesChart:
    """Return the chart of a series; ``target`` is the title of one without a name."""
    n_past = len(story.past)
    past = [(at - n_past + 1.0, y) for at, y in enumerate(story.past) if y is not None]
    made = _points(story.made)
    low, high, actual = _points(story.low), _points(story.high), _points(story.actual)
    everything = [*past, *made, *low, *high, *actual]
    x, y = axes([a for a, _ in everything], [b for _, b in everything])
    band = path_data(x, y, [*high, *low[::-1]])
    parts = [
        *grid(x, y, "steps ahead"),
        Markup('<path class="band" d="{}Z"/>').format(band),
        Markup('<path class="past" d="{}"/>').format(path_data(x, y, past)),
        Markup('<path class="made" d="{}"/>').format(path_data(x, y, made)),
        *(dot(x(a), y(b), f"step {a:.0f}: {b:.5g} came", 2.5) for a, b in actual),
    ]
    title = story.name or target
    return SeriesChart(
        title=title,
        why=story.why,
        first=story.first,
        origin=story.origin,
        last=story.last,
        svg=svg(parts, f"forecast of {title}"),
    )


def step_chart(steps: Sequence[StepScore], metric: str) -> Markup:
    """Return the chart of the score by step; empty where nothing was scored."""
    held_out = _known((each.step, each.held_out) for each in steps)
    before = _known((each.step, each.origins) for each in steps)
    naive = _known((each.step, each.naive) for each in steps)
    everything = [*held_out, *before, *naive]
    if not everything:
        return Markup("")
    x, y = axes([a for a, _ in everything], [0.0, *(b for _, b in everything)])
    lines = [
        Markup('<path class="{}" d="{}"/>').format(kind, path_data(x, y, points))
        for kind, points in (("third", naive), ("line", before))
        if points
    ]
    dots = [dot(x(a), y(b), f"step {a:.0f}: {b:.5g}") for a, b in held_out]
    return svg([*grid(x, y, "step", metric), *lines, *dots], "score by step")


def rivals_chart(series: Sequence[SeriesScore], metric: str) -> Markup:
    """Return the chart of each series' score beside that of the seasonal naive forecast.

    Series that are far worse than the others are drawn at the edge. Empty with fewer than two.
    """
    known = [
        (each.naive, each.score, each.name)
        for each in series
        if each.score is not None and each.naive is not None
    ]
    if len(known) < 2:
        return Markup("")
    most = _EDGE * max(statistics.median(max(a, b) for a, b, _ in known), 1e-12)
    points = [
        (min(a, most), min(b, most), f"{name}: {b:.4g}, seasonal naive {a:.4g}")
        for a, b, name in known
    ]
    return diagonal_chart(points, across=f"{metric} of seasonal naive", up="this forecast")


def part_charts(parts: SeriesParts) -> tuple[Markup, Markup]:
    """Return the charts of a series' trend and of what repeats; the second may be empty."""
    n_steps = len(parts.trend)
    every = max(1, n_steps // MOST_DRAWN)
    trend = [(at - n_steps + 1.0, value) for at, value in enumerate(parts.trend)][::every]
    title = parts.name or "the series"
    return (
        line_chart(
            [Line(points=trend)],
            title=f"trend of {title}",
            said=f"from {trend[0][1]:.4g} to {trend[-1][1]:.4g}",
            across="steps before the forecast",
            up="trend",
        ),
        line_chart(
            [Line(points=[(at + 1.0, value) for at, value in enumerate(parts.season)])],
            title=f"what repeats in {title}",
            said=f"{len(parts.season)} steps",
            across="step of the season, the first is the forecast's",
            up="added to the trend",
        ),
    )


def calendar_chart(effect: CalendarEffect) -> Markup:
    """Return the chart of a calendar effect: a bar for each hour, day or month."""
    known = [each for each in effect.effects if each is not None]
    if not known:
        return Markup("")
    x, y, parts = frame([0.0, float(len(effect.labels))], [0.0, *known], across=None, up="effect")
    foot = y(0.0)
    width = max(1.0, 0.7 * (x(1.0) - x(0.0)))
    every = -(-len(effect.labels) // 12)
    for place, (label, value) in enumerate(zip(effect.labels, effect.effects, strict=True)):
        middle = x(place + 0.5)
        if place % every == 0:
            parts.append(text(middle, SMALL_HEIGHT - 22, label, "middle"))
        if value is None:
            continue
        top, height = min(y(value), foot), max(abs(y(value) - foot), 0.5)
        parts.append(bar(middle - width / 2, top, width, height, f"{label}: {value:+.1%}"))
    said = "; ".join(
        f"{label} {value:+.1%}"
        for label, value in zip(effect.labels, effect.effects, strict=True)
        if value is not None
    )
    return drawing(parts, f"by {effect.unit}", said)


def _points(values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(step + 1.0, value) for step, value in enumerate(values) if value is not None]


def _known(values: Iterable[tuple[int, float | None]]) -> list[tuple[float, float]]:
    return [(float(step), value) for step, value in values if value is not None]
