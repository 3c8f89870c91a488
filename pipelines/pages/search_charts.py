"""Charts of a search: what is Pareto-optimal, how the ensemble grew, what was expected."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.search.growth import GrowthStage
from espalier.pipelines.explain.search.story import Expectation
from espalier.pipelines.pages.charts import text
from espalier.pipelines.pages.small_charts import Line, Mark, drawing, frame, line_chart

_SMALLEST_MS = 1e-4


def front_chart(rows: Sequence[LeaderboardRow], *, metric: str, higher_is_better: bool) -> Markup:
    """Return the picture of score, latency and size of the trials; empty with fewer than two.

    Trials that cannot be bettered in all three are drawn in another colour, and numbered.
    """
    shown = [
        (row, row.score, max(ms, _SMALLEST_MS))
        for row in rows
        if row.score is not None
        and (ms := row.row_ms if row.row_ms is not None else row.predict_ms_per_row) is not None
    ]
    if len(shown) < 2:
        return Markup("")
    sign = 1.0 if higher_is_better else -1.0
    gains = sorted(sign * score for _, score, _ in shown)
    # A very bad trial must not compress the scale for the others: it is drawn at the edge.
    floor = gains[-1] - 3.0 * max(gains[-1] - gains[len(gains) // 2], 1e-12)
    x, y, parts = frame(
        [math.log10(ms) for _, _, ms in shown],
        [sign * max(gain, floor) for gain in gains],
        across="milliseconds a row",
        up=metric,
        log=True,
    )
    largest = max((row.size_mb or 0.0 for row, _, _ in shown), default=0.0) or 1.0
    for row, score, ms in sorted(shown, key=lambda each: each[0].pareto):
        size = f", {row.size_mb:.3g} MiB" if row.size_mb is not None else ""
        at_x, at_y = x(math.log10(ms)), y(score)
        parts.append(
            Markup('<circle class="{}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>').format(
                "best" if row.pareto else "other",
                at_x,
                at_y,
                round(3.0 + 7.0 * math.sqrt((row.size_mb or 0.0) / largest), 1),
                f"trial {row.trial}, {row.family}: {metric} {score:.5g}, {ms:.3g} ms a row{size}",
            )
        )
        if row.pareto:
            parts.append(text(at_x, at_y - 8, str(row.trial), "middle"))
    said = ", ".join(str(row.trial) for row, _, _ in shown if row.pareto)
    return drawing(parts, f"{metric} and milliseconds a row", f"cannot be bettered: trials {said}")


def growth_chart(growth: Sequence[GrowthStage], *, metric: str) -> Markup:
    """Return the chart of an ensemble's score as members join; empty for a single member."""
    if len(growth) < 2:
        return Markup("")
    together = [(place + 1.0, each.together) for place, each in enumerate(growth)]
    return line_chart(
        [Line(points=together)],
        title=f"{metric} as members join",
        said="; ".join(f"{int(at)}: {score:.5g}" for at, score in together),
        across="members",
        up=metric,
        marks=[
            Mark(
                x=place + 1.0,
                y=each.together,
                label=f"with trial {each.trial}: {each.together:.5g} (alone {each.alone:.5g})",
            )
            for place, each in enumerate(growth)
        ],
    )


def expectation_chart(expectations: Sequence[Expectation]) -> Markup:
    """Return the chart of observed against expected improvements; empty without any."""
    if not expectations:
        return Markup("")
    xs = [each.expected for each in expectations]
    return line_chart(
        [Line(points=[(min(xs), 0.0), (max(xs), 0.0)], kind="ideal")],
        title="observed against expected improvement",
        said="; ".join(
            f"trial {each.trial}: expected {each.expected:.3g}, observed {each.observed:.3g}"
            for each in expectations[:20]
        ),
        across="expected improvement",
        up="observed",
        marks=[
            Mark(
                x=each.expected,
                y=max(each.observed, -8.0),
                label=f"trial {each.trial}: expected {each.expected:.3g}, "
                f"observed {each.observed:.3g}",
            )
            for each in expectations
        ],
    )
