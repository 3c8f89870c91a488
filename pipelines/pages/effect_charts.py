"""Charts of what moves the answers: contributions to single rows, pairs of columns, more rows."""

from collections.abc import Sequence

from markupsafe import Markup

from espalier.pipelines.explain.effects.interactions import Interaction
from espalier.pipelines.explain.effects.row_sample import ColumnPush
from espalier.pipelines.explain.learning_curve import LearningCurve
from espalier.pipelines.pages.charts import Axis, text
from espalier.pipelines.pages.small_charts import (
    Line,
    Mark,
    drawing,
    line_chart,
    shortened,
    tick_text,
)

_WIDTH, _ROW, _LEFT, _RIGHT, _TOP = 640, 30, 170, 16, 8
_SPREAD = 10.0
_STYLES = ("line", "second", "third")


def push_chart(pushes: Sequence[ColumnPush], answer: str) -> Markup:
    """Return the chart of contributions: a row of points for each column; empty without any.

    Points that would cover each other are moved up and down. Their colour goes from that of small
    values to that of large ones; grey is for values without an order.
    """
    if not pushes:
        return Markup("")
    height = _TOP + _ROW * len(pushes) + 40
    values = [value for each in pushes for value, _ in each.points]
    x = Axis.over([*values, 0.0], _LEFT, _WIDTH - _RIGHT)
    foot = _TOP + _ROW * len(pushes)
    parts = [Markup('<path class="axis" d="M{},{}V{}"/>').format(x(0.0), _TOP, foot)]
    for place, each in enumerate(pushes):
        middle = _TOP + _ROW * (place + 0.5)
        parts.append(text(_LEFT - 10, middle + 4, shortened(each.column, 19), "end", "label"))
        parts.append(
            Markup('<path class="grid" d="M{},{}H{}"/>').format(_LEFT, middle, _WIDTH - _RIGHT)
        )
        parts += _swarm(each, x, middle)
    parts += [text(x(tick), foot + 18, tick_text(tick), "middle") for tick in x.ticks]
    parts.append(
        text((_LEFT + _WIDTH) / 2, foot + 35, f"moves the {shortened(answer, 40)} by", "middle")
    )
    said = "; ".join(f"{each.column}: {each.size:.4g} on average" for each in pushes)
    return drawing(parts, "contributions of the columns", said, width=_WIDTH, height=round(height))


def _swarm(push: ColumnPush, x: Axis, middle: float) -> list[Markup]:
    taken: dict[int, int] = {}
    parts = []
    for value, rank in sorted(push.points, key=lambda each: each[0]):
        at = x(value)
        column = round(at / 5)
        layer = taken.get(column, 0)
        taken[column] = layer + 1
        away = min(_SPREAD, 3.2 * ((layer + 1) // 2)) * (1 if layer % 2 else -1)
        kind = "plain" if rank is None else f"r{min(4, int(rank * 5))}"
        parts.append(
            Markup('<circle class="push {}" cx="{}" cy="{}" r="2.8"/>').format(
                kind, at, round(middle + away, 1)
            )
        )
    return parts


def interaction_chart(found: Interaction, answer: str) -> Markup:
    """Return the chart of a pair: a line for each value of the second column."""
    across: list[float | str] = list(found.across_values)
    named = isinstance(across[0], str)
    at = [float(place if isinstance(value, str) else value) for place, value in enumerate(across)]
    labels = [value if isinstance(value, str) else f"{value:.4g}" for value in across]
    besides = [value if isinstance(value, str) else f"{value:.4g}" for value in found.beside_values]
    lines, marks = [], []
    for place, (beside, means) in enumerate(zip(besides, found.means, strict=True)):
        points = list(zip(at, means, strict=True))
        lines.append(Line(points=points, kind=_STYLES[place % len(_STYLES)]))
        marks += [
            Mark(
                x=a,
                y=b,
                label=f"{found.across} {label}, {found.beside} {beside}: {b:.4g}",
                radius=2,
            )
            for (a, b), label in zip(points, labels, strict=True)
        ]
    said = "; ".join(
        f"{found.beside} {beside}: " + ", ".join(f"{mean:.4g}" for mean in means)
        for beside, means in zip(besides, found.means, strict=True)
    )
    return line_chart(
        lines,
        title=f"{answer} by {found.across} and {found.beside}",
        said=said,
        across=f"{found.across} ({', '.join(labels)})" if named else found.across,
        up=answer,
        marks=marks,
    )


def learning_chart(curve: LearningCurve, metric: str) -> Markup:
    """Return the chart of the score by the number of rows."""
    points = [(float(n_rows), score) for n_rows, score in curve.points]
    return line_chart(
        [Line(points=points)],
        title=f"{metric} by rows",
        said="; ".join(f"{n_rows:,} rows: {score:.5g}" for n_rows, score in curve.points),
        across="rows to learn from",
        up=metric,
        marks=[
            Mark(x=n_rows, y=score, label=f"{n_rows:,.0f} rows: {score:.5g}")
            for n_rows, score in points
        ],
    )
