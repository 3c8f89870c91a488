"""Charts of series: their values, and what is forecast of them."""

from collections.abc import Sequence

from markupsafe import Markup

from espalier.pipelines.explain.forecast_explanation import SeriesStory
from espalier.pipelines.pages.charts import axes, grid, svg
from espalier.pipelines.pages.forecast_charts import series_chart


def value_chart(values: Sequence[float | None], name: str) -> Markup:
    """Return a chart of the values of a series; empty where there are less than two.

    Parameters
    ----------
    values : sequence of float or None
        Oldest first; a step without a value is a gap.
    name : str
        The series, for those who hear the page.
    """
    known = [(float(at), value) for at, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return Markup("")
    x, y = axes([a for a, _ in known], [b for _, b in known])
    path, before = "", None
    for at, value in known:
        path += f"{'L' if before == at - 1 else 'M'}{x(at)},{y(value)}"
        before = at
    line = Markup('<path class="made" d="{}"/>').format(path)
    first, last = known[0][1], known[-1][1]
    said = f"{name or 'the series'}: {len(known)} values, from {first:.4g} to {last:.4g}"
    return svg([*grid(x, y, "steps"), line], said)


def forecast_chart(story: SeriesStory) -> Markup:
    """Return a chart of a series with what is forecast of it, and the band of its quantiles."""
    return series_chart(story, "the series").svg
