"""Charts of a forecast's report, as inline SVG styled by the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from espalier.pipelines.explain.forecast_explanation import SeriesStory, StepScore
from espalier.pipelines.pages.charts import Axis, axes, dot, grid, svg

Points = Sequence[tuple[float, float]]


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
    band = _path(x, y, [*high, *low[::-1]])
    parts = [
        *grid(x, y, "steps ahead"),
        Markup('<path class="band" d="{}Z"/>').format(band),
        Markup('<path class="past" d="{}"/>').format(_path(x, y, past)),
        Markup('<path class="made" d="{}"/>').format(_path(x, y, made)),
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


def step_chart(steps: Sequence[StepScore]) -> Markup:
    """Return the chart of the score by step; empty where nothing was scored."""
    held_out = [(float(each.step), each.held_out) for each in steps if each.held_out is not None]
    before = [(float(each.step), each.origins) for each in steps if each.origins is not None]
    everything = [*held_out, *before]
    if not everything:
        return Markup("")
    x, y = axes([a for a, _ in everything], [0.0, *(b for _, b in everything)])
    line = Markup('<path class="line" d="{}"/>').format(_path(x, y, before))
    dots = [dot(x(a), y(b), f"step {a:.0f}: {b:.5g}") for a, b in held_out]
    return svg([*grid(x, y, "step"), line, *dots], "score by step")


def _points(values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(step + 1.0, value) for step, value in enumerate(values) if value is not None]


def _path(x: Axis, y: Axis, points: Points) -> str:
    return "".join(f"{'L' if at else 'M'}{x(a)},{y(b)}" for at, (a, b) in enumerate(points))
