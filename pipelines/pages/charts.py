"""Charts of the HTML report, as inline SVG styled by the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 40
_TICKS = 4

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis: maps values to pixels.

    Attributes
    ----------
    low, high : float
        Values at the ends; ``low < high``.
    start, end : float
        Pixels of ``low`` and ``high``.
    """

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> "Axis":
        """Return an axis that covers all values, with a margin of 5 %."""
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if not high > low:
            low, high = low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
        air = 0.05 * (high - low)
        return cls(low - air, high + air, start, end)

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; values outside are drawn at the nearer end."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[float]:
        """About four round values between ``low`` and ``high``."""
        step = 10.0 ** np.floor(np.log10((self.high - self.low) / _TICKS))
        for factor in (1, 2, 5, 10):
            if (self.high - self.low) / (factor * step) <= _TICKS + 1:
                step *= factor
                break
        first = np.ceil(self.low / step)
        return [float(step * n) + 0.0 for n in np.arange(first, np.floor(self.high / step) + 1)]


def progress_chart(trials: Sequence[tuple[int, float, str]], *, higher_is_better: bool) -> Markup:
    """Return a chart of the score of each trial, with the best so far as a line.

    Parameters
    ----------
    trials : sequence of (number, score, label)
        Trials with a score, ordered by number.
    higher_is_better : bool
        Whether higher scores are better.
    """
    if len(trials) < 2:
        return Markup("")
    scores = [score for _, score, _ in trials]
    best = np.maximum.accumulate(scores) if higher_is_better else np.minimum.accumulate(scores)
    # A very bad trial must not compress the scale for the others: it is drawn at the edge.
    sign = 1.0 if higher_is_better else -1.0
    typical = np.sort(sign * np.asarray(scores))
    floor = typical[-1] - 3.0 * max(typical[-1] - float(np.median(typical)), 1e-12)
    shown = [sign * max(value, floor) for value in typical]
    x, y = axes([float(number) for number, _, _ in trials], shown)
    dots = [dot(x(n), y(score), f"trial {n}, {label}: {score:.5g}") for n, score, label in trials]
    steps = [f"M{x(trials[0][0])},{y(best[0])}"]
    steps += [f"H{x(n)}V{y(value)}" for (n, _, _), value in zip(trials[1:], best[1:], strict=True)]
    line = Markup('<path class="line" d="{}"/>').format("".join(steps))
    return svg([*grid(x, y, "trial"), *dots, line], "score of each trial, and the best so far")


def diagonal_chart(
    points: Sequence[tuple[float, float, str]], *, across: str, up: str, sizes: Sequence[float] = ()
) -> Markup:
    """Return a scatter chart with a diagonal, where a perfect model has all points.

    Parameters
    ----------
    points : sequence of (x, y, label)
        Points; both coordinates have the same unit.
    across, up : str
        Names of the horizontal and the vertical axis.
    sizes : sequence of float
        Radii of the points in pixels; if empty, all are 3.
    """
    if not points:
        return Markup("")
    both = [value for a, b, _ in points for value in (a, b)]
    x, y = axes(both, both)
    low, high = min(both), max(both)
    diagonal = Markup('<path class="ideal" d="M{},{}L{},{}"/>').format(
        x(low), y(low), x(high), y(high)
    )
    radii = sizes or [3.0] * len(points)
    dots = [
        dot(x(a), y(b), label, radius) for (a, b, label), radius in zip(points, radii, strict=True)
    ]
    return svg([*grid(x, y, across, up), diagonal, *dots], f"{up} against {across}")


def interval_chart(
    marks: Sequence[tuple[str, float]], *, interval: tuple[float, float], score: float
) -> Markup:
    """Return a chart of a score and its interval on a line, with other marks.

    Parameters
    ----------
    marks : sequence of (name, value)
        Values to compare the score with.
    interval : (float, float)
        Interval of the score; not drawn if it is infinite.
    score : float
        The score.
    """
    height = 74
    known = interval if all(math.isfinite(each) for each in interval) else (score, score)
    values = [*known, score, *(value for _, value in marks)]
    x = Axis.over(values, 40, WIDTH - 40)
    low, high = sorted((x(known[0]), x(known[1])))
    parts = [
        Markup('<path class="axis" d="M40,44H{}"/>').format(WIDTH - 40),
        Markup('<rect class="range" x="{}" y="36" width="{}" height="16" rx="8"/>').format(
            low, max(round(high - low, 1), 2)
        ),
        dot(x(score), 44, f"hold-out {score:.5g}", 6),
        text(x(score), 22, f"{score:.5g}", "middle", "strong"),
    ]
    for name, value in marks:
        parts.append(Markup('<path class="mark" d="M{},36v16"/>').format(x(value)))
        parts.append(text(x(value), 68, f"{name} {value:.4g}", _anchor(x(value))))
    return svg(parts, "the score with its interval", height)


def _anchor(x: float) -> str:
    return "start" if x < 110 else "end" if x > WIDTH - 110 else "middle"


def axes(across: Sequence[float], up: Sequence[float]) -> tuple[Axis, Axis]:
    """Return the horizontal and the vertical axis of a chart, over all values."""
    return (
        Axis.over(across, _LEFT, WIDTH - _RIGHT),
        Axis.over(up, HEIGHT - _BOTTOM, _TOP),
    )


def grid(x: Axis, y: Axis, across: str, up: str = "") -> list[Markup]:
    """Return the lines and numbers of the axes, and their names; ``up`` may be empty."""
    parts = [
        Markup('<path class="grid" d="M{},{}H{}"/>').format(_LEFT, y(tick), WIDTH - _RIGHT)
        + text(_LEFT - 8, y(tick) + 4, f"{tick:.4g}", "end")
        for tick in y.ticks
    ]
    parts += [text(x(tick), HEIGHT - 22, f"{tick:.4g}", "middle") for tick in x.ticks]
    if up:
        parts.append(upright(14, (HEIGHT - _BOTTOM + _TOP) / 2, up))
    return [*parts, text((_LEFT + WIDTH) / 2, HEIGHT - 5, across, "middle")]


def path_data(x: Axis, y: Axis, points: Points) -> str:
    """Return the points, joined by straight lines, as the data of an SVG path."""
    return "".join(f"{'L' if at else 'M'}{x(a)},{y(b)}" for at, (a, b) in enumerate(points))


def dot(x: float, y: float, label: str, radius: float = 3.5) -> Markup:
    """Return a point whose label shows under the pointer."""
    return Markup('<circle cx="{}" cy="{}" r="{}"><title>{}</title></circle>').format(
        x, y, round(radius, 1), label
    )


def text(x: float, y: float, said: str, anchor: str, kind: str = "") -> Markup:
    """Return a text."""
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, said
    )


def upright(x: float, y: float, said: str) -> Markup:
    """Return a text that reads from below to above, around its middle."""
    return Markup(
        '<text x="{}" y="{}" text-anchor="middle" transform="rotate(-90 {} {})">{}</text>'
    ).format(x, y, x, y, said)


def svg(parts: Sequence[Markup], label: str, height: int = HEIGHT) -> Markup:
    """Return the parts as one drawing."""
    opening = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, height, escape(label)
    )
    return opening + Markup("").join(parts) + Markup("</svg>")
