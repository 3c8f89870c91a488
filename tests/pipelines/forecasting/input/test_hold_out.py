"""What is held out of a table of series, and what a gate looks at."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.expectation import Severity
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.facts import series_contract, series_facts
from espalier.pipelines.forecasting.input.hold_out import steps_to_hold_out, without_last
from espalier.pipelines.forecasting.input.newest import followed_by, newest
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.panel import Panel

COLUMNS = SeriesColumns(time="day", target="y", series="s", known_covariates=("x",))


def rows(lengths: dict[str, int], holes: tuple[int, ...] = ()) -> pd.DataFrame:
    """Return series that begin on the same day; ``holes`` are rows that are left out."""
    parts = []
    for name, n in lengths.items():
        day = pd.date_range("2025-01-01", periods=n)
        y = 10.0 + np.arange(n) % 7
        parts.append(pd.DataFrame({"s": name, "day": day, "y": y, "x": np.arange(n)}))
    return pd.concat(parts, ignore_index=True).drop(list(holes))


def table(lengths: dict[str, int], holes: tuple[int, ...] = ()) -> SeriesTable:
    return read_series(rows(lengths, holes), COLUMNS)


@pytest.mark.parametrize(
    ("lengths", "horizon", "steps"),
    [((60, 60, 60), 7, 7), ((20, 8, 8), 7, 5), ((4,), 28, 1), ((3, 1), 28, 0)],
)
def test_a_horizon_is_held_out_or_a_quarter_of_short_series(
    lengths: tuple[int, ...], horizon: int, steps: int
) -> None:
    panel = Panel.of([np.ones(n) for n in lengths])
    assert steps_to_hold_out(panel, horizon) == steps


def test_what_is_held_out_cannot_be_seen() -> None:
    # The gap lies across the origin: a line through it would tell what comes.
    whole = table({"a": 40, "b": 30, "c": 3}, holes=(32, 33, 34))
    before = without_last(whole, 6)
    assert before.panel.lengths.tolist() == [34, 24, 0]
    assert before.panel.actual(0, 6).shape == (3, 6)
    assert np.isnan(before.panel.actual(0, 6)).all()
    changed = rows({"a": 40, "b": 30, "c": 3}, holes=(32, 33, 34))
    changed.loc[changed["day"] > "2025-02-03", "y"] = 1e6
    other = without_last(read_series(changed, COLUMNS), 6)
    for row in range(3):
        np.testing.assert_array_equal(before.panel.series(row), other.panel.series(row))
    # What is known ahead stays known.
    assert before.panel.future(6)[0, :, 0].tolist()[2:] == [36.0, 37.0, 38.0, 39.0]
    each = without_last(whole, np.array([0, 5, 1]))
    assert each.panel.lengths.tolist() == [40, 25, 2]


def test_the_newest_values_lead_up_to_later_rows() -> None:
    known = table({"a": 40, "b": 30})
    part = newest(known, 10)
    assert part.panel.lengths.tolist() == [10, 10]
    np.testing.assert_array_equal(part.panel.series(1), known.panel.series(1)[-10:])
    later = pd.DataFrame({"s": ["a", "new"], "day": pd.to_datetime(["2025-02-11"] * 2), "y": 5.0})
    both = followed_by(known, COLUMNS, later.assign(x=0.0), most_missing=7)
    assert both.groupby("s").size().to_dict() == {"a": 41, "new": 1}
    assert both["s"].iloc[0] == "a"
    # Rows that begin before the end take the place of what was known from there on.
    earlier = later.assign(day=pd.Timestamp("2025-01-11"), x=0.0)
    assert len(followed_by(known, COLUMNS, earlier, most_missing=7)) == 12
    long_after = later.assign(day=pd.Timestamp("2025-06-01"), x=0.0)
    assert len(followed_by(known, COLUMNS, long_after, most_missing=7)) == 2


def test_the_gate_looks_at_each_series() -> None:
    facts = series_facts(table({"a": 40, "b": 30, "c": 1}, holes=(5, 6, 7, 8)))
    assert facts["series"].tolist() == ["a", "b", "c"]
    assert facts["values"].tolist() == [36, 30, 1]
    assert facts["gap share"].round(2).tolist() == [0.1, 0.0, 0.0]
    assert facts["steps behind"].tolist() == [0, 10, 39]
    contract = series_contract(facts, horizon=7)
    by_column = {each.column: each for each in contract.expectations}
    assert by_column[None].parameters == {"min_value": 2}
    assert by_column["steps behind"].parameters["max_value"] == 7
    assert by_column["last step"].parameters["min_value"] == facts["last step"].max()
    assert by_column["series"].severity is Severity.REFUSE
