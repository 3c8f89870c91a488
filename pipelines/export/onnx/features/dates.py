"""Dates as numbers: `DateParts` on seconds since 1970.

Years, months and days come from the day number by integer arithmetic (Hinnant, "chrono-compatible
low-level date algorithms", 2013), so that they are exact; what is a function of such a part, as its
sine, is looked up.
"""

from collections.abc import Callable
from itertools import combinations

import numpy as np

from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.preprocessing.dates import DAY, MOST_GAPS, PERIODS, DateParts

_DAYS_OF_400_YEARS = 146_097
# From 1 March of year 0 to 1 January 1970; and day numbers that stay positive with it.
_TO_MARCH = 719_468
_MOST_SECONDS = 8e9
# No part is larger than that of the days of a year.
_LARGEST_PART = 367


def date_numbers(columns: Columns, names: list[str], parts: DateParts) -> Tensor:
    """Return the parts of dates and the days between them, float64, NaN where one is missing."""
    graph = columns.graph
    made: list[Tensor] = []
    days: dict[str, Tensor] = {}
    for name in names:
        seconds = columns.number_table([name])
        unseen = parts.unseen_ if name == parts.time else frozenset()
        own = _parts(graph, seconds, cyclic=parts.cyclic, unseen=unseen)
        made += own.values()
        days[name] = graph.op("Div", seconds, np.float64(DAY))
    if parts.gaps:
        pairs = list(combinations(names, 2))[:MOST_GAPS]
        made += [graph.op("Sub", days[second], days[first]) for first, second in pairs]
    return graph.join(made)


def _parts(
    graph: Graph, seconds: Tensor, *, cyclic: bool, unseen: frozenset[str]
) -> dict[str, Tensor]:
    """Return the parts by name, in the order of `DateParts`."""
    missing = graph.op("IsNaN", seconds)
    known = graph.op("Where", missing, np.float64(0.0), seconds)
    # Later or earlier than any date of pandas: the parts need not be right, only defined.
    known = graph.op("Clip", known, np.float64(-_MOST_SECONDS * 2), np.float64(_MOST_SECONDS * 2))
    day = graph.op("Floor", graph.op("Div", known, np.float64(DAY)))
    within = graph.op("Floor", graph.op("Sub", known, graph.op("Mul", day, np.float64(DAY))))
    day, within = graph.cast(day, np.int64), graph.cast(within, np.int64)

    def plus(x: Tensor, number: int) -> Tensor:
        return graph.op("Add", x, np.int64(number))

    def times(x: Tensor, number: int) -> Tensor:
        return graph.op("Mul", x, np.int64(number))

    def over(x: Tensor, number: int) -> Tensor:
        return graph.op("Div", x, np.int64(number))

    def minus(x: Tensor, y: Tensor) -> Tensor:
        return graph.op("Sub", x, y)

    shifted = plus(day, _TO_MARCH)
    era = over(shifted, _DAYS_OF_400_YEARS)
    of_era = minus(shifted, times(era, _DAYS_OF_400_YEARS))
    leaps = minus(of_era, over(of_era, 1_460))
    leaps = minus(graph.add(leaps, over(of_era, 36_524)), over(of_era, 146_096))
    year_of_era = over(leaps, 365)
    year = graph.add(year_of_era, times(era, 400))
    before = graph.add(times(year_of_era, 365), over(year_of_era, 4))
    of_year = minus(of_era, minus(before, over(year_of_era, 100)))  # from 1 March
    march_month = over(plus(times(of_year, 5), 2), 153)
    first = over(plus(times(march_month, 153), 2), 5)
    after_march = graph.op("Less", march_month, np.int64(10))
    month = plus(march_month, 3)
    month = graph.op("Where", after_march, month, plus(march_month, -9))
    year = graph.op("Where", after_march, year, plus(year, 1))
    last = plus(year, -1)
    leap_days = graph.add(minus(over(last, 4), over(last, 100)), over(last, 400))
    # Days from 1 January of year 1 to that of this year, and to 1970.
    new_year = graph.add(times(last, 365), leap_days)
    makers: dict[str, Callable[[], Tensor]] = {
        "year": lambda: year,
        "month": lambda: month,
        "day": lambda: plus(minus(of_year, first), 1),
        "day_of_year": lambda: minus(plus(day, 719_162 + 1), new_year),
        "weekday": lambda: graph.op("Mod", plus(day, 3 + 7 * 200_000), np.int64(7)),
        "hour": lambda: over(within, 3_600),
        "minute": lambda: graph.op("Mod", over(within, 60), np.int64(60)),
    }
    whole = {name: make() for name, make in makers.items() if name not in unseen}
    made: dict[str, Tensor] = {}
    if "days" not in unseen:
        made["days"] = graph.op("Div", seconds, np.float64(DAY))
    for name, value in whole.items():
        made[name] = _or_missing(graph, missing, graph.cast(value, np.float64))
    if cyclic:
        for name, period in PERIODS.items():
            if name not in whole:
                continue
            angles = 2 * np.pi * np.arange(_LARGEST_PART, dtype=np.float64) / period
            for kind, table in (("sin", np.sin(angles)), ("cos", np.cos(angles))):
                looked_up = graph.op("Gather", table, whole[name])
                made[f"{name}_{kind}"] = _or_missing(graph, missing, looked_up)
    return made


def _or_missing(graph: Graph, missing: Tensor, value: Tensor) -> Tensor:
    return graph.op("Where", missing, np.float64(np.nan), value)
