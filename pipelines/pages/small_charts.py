"""Small charts of the HTML report: several stand beside each other, or below on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from espalier.pipelines.explain.effects.dependence import Dependence
from espalier.pipelines.pages.charts import Axis, Points, dot, path_data, text, upright

SMALL_WIDTH, SMALL_HEIGHT = 320, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 10, 38
_LONGEST_NAME = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a small chart.

    Attributes
    ----------
    points : sequence of (x, y)
        Its points, from left to right.
    kind : str
        Style: ``line``, ``second`` (dashed) or ``ideal`` (dotted, thin).
    """

    points: Points
    kind: str = "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point of a small chart, with a text under the pointer."""

    x: float
    y: float
    label: str
    radius: float = 3.5


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    said: str,
    across: str,
    up: str,
    marks: Sequence[Mark] = (),
    band: Points = (),
    whole: bool = False,
) -> Markup:
    """Return a chart of lines; empty without any point.

    Parameters
    ----------
    lines : sequence of Line
        The lines, drawn in this order.
    title, said : str
        Name of the chart, and what it shows, for those who cannot see it.
    across, up : str
        Names of the axes.
    marks : sequence of Mark
        Points above the lines.
    band : sequence of (x, y)
        Outline of an area behind the lines.
    whole : bool
        Whether both axes go from 0 to 1.
    """
    every = [each for line in lines for each in line.points]
    every += [(each.x, each.y) for each in marks] + list(band)
    if not every:
        return Markup("")
    x, y, parts = frame(
        [0.0, 1.0] if whole else [a for a, _ in every],
        [0.0, 1.0] if whole else [b for _, b in every],
        across=across,
        up=up,
    )
    if band:
        parts.append(Markup('<path class="band" d="{}Z"/>').format(path_data(x, y, band)))
    parts += [
        Markup('<path class="{}" d="{}"/>').format(line.kind, path_data(x, y, line.points))
        for line in lines
        if line.points
    ]
    parts += [dot(x(each.x), y(each.y), each.label, each.radius) for each in marks]
    return drawing(parts, title, said)


def dependence_chart(found: Dependence, answer: str) -> Markup:
    """Return the chart of a partial dependence: a line with its band, or a bar for each value."""
    said = "; ".join(
        f"{value if isinstance(value, str) else f'{value:.4g}'}: {mean:.4g}"
        for value, mean in zip(found.values, found.means, strict=True)
    )
    title = f"{answer} by {found.column}"
    if not found.is_numeric:
        return _category_chart(found, title, said)
    at = [float(value) for value in found.values]
    low, high = list(zip(at, found.low, strict=True)), list(zip(at, found.high, strict=True))
    return line_chart(
        [Line(points=list(zip(at, found.means, strict=True)))],
        title=title,
        said=said,
        across=found.column,
        up=answer,
        band=[*high, *low[::-1]],
        marks=[
            Mark(x=a, y=b, label=f"{a:.4g}: {b:.4g}", radius=2.0)
            for a, b in zip(at, found.means, strict=True)
        ],
    )


def histogram(counts: Sequence[tuple[float, float, int]], *, title: str, across: str) -> Markup:
    """Return a chart of counts by range; empty without any.

    Parameters
    ----------
    counts : sequence of (low, high, count)
        Ranges from left to right, with the number of rows in each.
    title, across : str
        Name of the chart and of its axis.
    """
    if not counts:
        return Markup("")
    most = max(count for _, _, count in counts)
    x, y, parts = frame([counts[0][0], counts[-1][1]], [0.0, most], across=across, up="rows")
    for low, high, count in counts:
        left, right, top, foot = x(low), x(high), y(count), y(0.0)
        label = f"{low:.4g} to {high:.4g}: {count:,} rows"
        parts.append(bar(left, top, max(right - left - 1.0, 1.0), foot - top, label))
    said = f"{sum(count for _, _, count in counts):,} rows in {len(counts)} ranges"
    return drawing(parts, title, said)


def bar(left: float, top: float, width: float, height: float, label: str) -> Markup:
    """Return a bar whose label shows under the pointer."""
    return Markup(
        '<rect class="fill" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    ).format(round(left, 1), round(top, 1), round(width, 1), round(height, 1), label)


def frame(
    across_values: Sequence[float],
    up_values: Sequence[float],
    *,
    across: str | None,
    up: str,
    log: bool = False,
) -> tuple[Axis, Axis, list[Markup]]:
    """Return the axes of a small chart over all values, and their lines, numbers and names.

    Parameters
    ----------
    across_values, up_values : sequence of float
        Values to cover.
    across : str or None
        Name of the horizontal axis; None for one without name and numbers, as its places are named.
    up : str
        Name of the vertical axis.
    log : bool
        Whether ``across_values`` are decimal logarithms, so that ticks show powers of ten.
    """
    x = Axis.over(across_values, _LEFT, SMALL_WIDTH - _RIGHT)
    y = Axis.over(up_values, SMALL_HEIGHT - _BOTTOM, _TOP)
    parts = [
        Markup('<path class="grid" d="M{},{}H{}"/>').format(_LEFT, y(tick), SMALL_WIDTH - _RIGHT)
        + text(_LEFT - 6, y(tick) + 4, tick_text(tick), "end")
        for tick in y.ticks
    ]
    middle_x, middle_y = (_LEFT + SMALL_WIDTH) / 2, (SMALL_HEIGHT - _BOTTOM + _TOP) / 2
    parts.append(upright(9, middle_y, shortened(up, 28)))
    if across is not None:
        for tick in x.ticks[:: -(-len(x.ticks) // 4)]:
            number = f"{10.0**tick:.2g}" if log else tick_text(tick)
            parts.append(text(x(tick), SMALL_HEIGHT - 22, number, "middle"))
        parts.append(text(middle_x, SMALL_HEIGHT - 5, shortened(across, 34), "middle"))
    return x, y, parts


def drawing(
    parts: Sequence[Markup],
    title: str,
    said: str,
    *,
    width: int = SMALL_WIDTH,
    height: int = SMALL_HEIGHT,
) -> Markup:
    """Return the parts as one drawing, with a title and a description for screen readers."""
    opening = Markup('<svg viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>').format(
        width, height, title, said
    )
    return opening + Markup("").join(parts) + Markup("</svg>")


def spark(heights: Sequence[float]) -> Markup:
    """Return a histogram of the size of a word; empty without heights, which are in [0, 1]."""
    if not heights:
        return Markup("")
    bars = [
        Markup('<rect x="{}" y="{}" width="4" height="{}"/>').format(
            5 * place, round(16 - 15 * height, 1), round(15 * height + 1, 1)
        )
        for place, height in enumerate(heights)
    ]
    return Markup('<svg viewBox="0 0 {} 17" aria-hidden="true">{}</svg>').format(
        5 * len(heights), Markup("").join(bars)
    )


def tick_text(value: float) -> str:
    """Return the number at a tick: round values, without powers of ten below a million."""
    return (
        f"{value:,.0f}"
        if 1e3 <= abs(value) < 1e6
        else f"{value:.4g}"
        if value % 1
        else f"{value:g}"
    )


def shortened(name: str, most: int = _LONGEST_NAME) -> str:
    """Return a name that fits, cut with an ellipsis."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _category_chart(found: Dependence, title: str, said: str) -> Markup:
    step, left = 22, 120
    height = 2 * _TOP + step * len(found.values) + 22
    values = [*found.means, *found.low, *found.high]
    x = Axis.over(values, left, SMALL_WIDTH - _RIGHT)
    parts = [
        text(x(tick), height - 8, tick_text(tick), "middle")
        for tick in x.ticks[:: -(-len(x.ticks) // 3)]
    ]
    for place, value in enumerate(found.values):
        middle = _TOP + step * place + step / 2
        parts += [
            text(left - 8, middle + 4, shortened(str(value), 15), "end"),
            Markup('<path class="spread" d="M{},{}H{}"/>').format(
                x(found.low[place]), middle, x(found.high[place])
            ),
            dot(x(found.means[place]), middle, f"{value}: {found.means[place]:.4g}", 4.5),
        ]
    return drawing(parts, title, said, height=height)
