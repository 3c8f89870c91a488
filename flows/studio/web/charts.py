"""Charts of the pages: inline SVG that the style sheet colours, each with its content in words."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from espalier.flows.studio.tables.bars import Bar

_SPARK_WIDTH, _SPARK_HEIGHT = 120, 28
_LINE_WIDTH, _LINE_HEIGHT = 640, 180
_LEFT, _BOTTOM, _AIR = 8, 22, 12


def spark_bars(bars: Sequence[Bar], name: str) -> Markup:
    """Return a small histogram for a cell of a table; nothing without bars."""
    if not bars:
        return Markup("")
    width = _SPARK_WIDTH / len(bars)
    parts = [
        Markup('<rect x="{}" y="{}" width="{}" height="{}"><title>{}: {:,}</title></rect>').format(
            round(at * width, 2),
            round(_SPARK_HEIGHT * (1 - each.share), 2),
            round(max(width - 1, 0.5), 2),
            round(_SPARK_HEIGHT * each.share, 2),
            each.label,
            each.count,
        )
        for at, each in enumerate(bars)
    ]
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" '
        'preserveAspectRatio="none" aria-label="histogram of {}">{}</svg>'
    ).format(_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_WIDTH, _SPARK_HEIGHT, name, Markup("").join(parts))


def column_bars(bars: Sequence[Bar]) -> Markup:
    """Return a histogram whose bars lie beside their labels, as a list."""
    total = sum(each.count for each in bars) or 1
    rows = [
        Markup(
            '<li><span class="bar-label">{}</span><svg class="bar" viewBox="0 0 100 10" '
            'preserveAspectRatio="none" aria-hidden="true"><rect width="{}" height="10"/></svg>'
            '<span class="bar-count">{:,} <small>{:.1f} %</small></span></li>'
        ).format(each.label, round(100 * each.share, 2), each.count, 100 * each.count / total)
        for each in bars
    ]
    return Markup('<ul class="bars">{}</ul>').format(Markup("").join(rows))


def share_bar(share: float, label: str, *, negative: bool = False) -> Markup:
    """Return a bar of a share of 1; ``negative`` draws it in the other colour."""
    width = round(100 * min(max(share, 0.0), 1.0), 2)
    return Markup(
        '<svg class="bar{}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><rect width="{}" height="10"/></svg>'
    ).format(" negative" if negative else "", label, width)


def score_line(bests: Sequence[tuple[int, float]], n_trials: int, metric: str) -> Markup:
    """Return a chart of the best score after each trial, as steps; nothing with less than two."""
    if len(bests) < 2:
        return Markup("")
    scores = [score for _, score in bests]
    low, high = min(scores), max(scores)
    span = (high - low) or 1.0
    last = max(n_trials, bests[-1][0], 2)

    def x(n: int) -> float:
        return round(_LEFT + (_LINE_WIDTH - 2 * _LEFT) * (n - 1) / (last - 1), 1)

    def y(score: float) -> float:
        share = (score - low) / span
        return round(_LINE_HEIGHT - _BOTTOM - share * (_LINE_HEIGHT - _BOTTOM - _AIR), 1)

    path = f"M{x(bests[0][0])},{y(scores[0])}"
    path += "".join(f"H{x(n)}V{y(score)}" for n, score in bests[1:]) + f"H{x(last)}"
    said = f"best {metric} so far: {scores[0]:.4g} at first, {scores[-1]:.4g} after {last} trials"
    return Markup(
        '<svg class="line" viewBox="0 0 {w} {h}" role="img" aria-label="{said}">'
        '<line x1="{l}" x2="{r}" y1="{b}" y2="{b}"/><path d="{path}"/>'
        '<text x="{l}" y="{h}" dy="-5">trial 1</text>'
        '<text x="{r}" y="{h}" dy="-5" text-anchor="end">trial {last}</text></svg>'
    ).format(
        w=_LINE_WIDTH,
        h=_LINE_HEIGHT,
        said=escape(said),
        l=_LEFT,
        r=_LINE_WIDTH - _LEFT,
        b=_LINE_HEIGHT - _BOTTOM,
        path=path,
        last=last,
    )
