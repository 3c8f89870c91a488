"""Wide tables and hierarchies become the long table that everything else reads."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.hierarchy import TOTAL
from espalier.pipelines.forecasting.input.layout import as_long
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable

DAYS = pd.date_range("2025-01-01", periods=4)
WIDE = SeriesColumns(time="day", target="units", wide=True).named()
TREE = SeriesColumns(time="day", target="units", hierarchy=("region", "store")).named()


def wide() -> pd.DataFrame:
    return pd.DataFrame({"day": DAYS, "a": [1.0, 2, 3, 4], "b": [5.0, np.nan, 7, 8]})


def tree() -> pd.DataFrame:
    """Return two stores of the north, one of which opens later, and one of the south."""
    rows = [
        ("north", 1, DAYS, [1.0, 2.0, 3.0, 4.0]),
        ("north", 2, DAYS[2:], [10.0, 20.0]),
        ("south", 1, DAYS[:3], [5.0, 5.0, 5.0]),
    ]
    parts = [
        pd.DataFrame({"region": region, "store": store, "day": day, "units": units})
        for region, store, day, units in rows
    ]
    return pd.concat(parts, ignore_index=True)


def value(table: SeriesTable, name: str) -> list[float]:
    return table.panel.series(list(table.names).index(name)).tolist()


def test_each_column_of_a_wide_table_is_a_series() -> None:
    long = as_long(wide(), WIDE)
    assert list(long.columns) == ["day", "series", "units"]
    assert long["series"].tolist() == ["a"] * 4 + ["b"] * 4
    assert as_long(long, WIDE) is long
    table = read_series(wide(), WIDE)
    assert value(table, "a") == [1, 2, 3, 4]
    assert value(table, "b") == [5, 6, 7, 8]
    assert table.panel.observed.tolist() == [True] * 5 + [False] + [True] * 2


def test_covariates_of_a_wide_table_are_those_of_all_series() -> None:
    columns = SeriesColumns(
        time="day", target="units", known_covariates=("promo",), wide=True, exclude=("note",)
    ).named()
    table = read_series(wide().assign(promo=[0, 1, 0, 1], note="x"), columns)
    assert list(table.names) == ["a", "b"]
    assert table.panel.covariates[:, 0].tolist() == [0, 1, 0, 1] * 2


def test_a_wide_table_with_text_says_what_to_do() -> None:
    with pytest.raises(UserError, match=r"'note' of the wide table holds no numbers.*exclude it"):
        as_long(wide().assign(note="x"), WIDE)
    with pytest.raises(UserError, match="two columns of the wide table are called 'a'"):
        as_long(wide().rename(columns={"b": "a"}), WIDE)
    with pytest.raises(UserError, match="needs a column for each series"):
        as_long(wide()[["day"]], WIDE)


def test_sums_of_a_hierarchy_are_series() -> None:
    table = read_series(tree(), TREE)
    assert list(table.names)[:3] == [TOTAL, "north", "south"]
    assert "1 series end before the newest time; their last values go on" in table.notes
    assert "3 sums are forecast beside the 3 series" in table.notes
    assert value(table, "north") == [1, 2, 13, 24]
    # The south has no value for the last day: its last one is carried on, and marked.
    assert value(table, "south") == [5, 5, 5, 5]
    assert value(table, TOTAL) == [6, 7, 18, 29]
    seen = {
        name: table.panel.observed[start:stop].tolist()
        for name, start, stop in zip(
            table.names, table.panel.starts, table.panel.stops, strict=True
        )
    }
    assert seen["south"] == [True, True, True, False]
    assert seen["north"] == [True] * 4
    assert seen[TOTAL] == [True, True, True, False]  # a sixth of it was filled in


def test_the_forecasts_of_a_hierarchy_have_its_columns() -> None:
    table = read_series(tree(), TREE)
    frame = table.future(1, TREE)
    assert list(frame.columns) == ["region", "store", "day"]
    assert frame.loc[0, ["region", "store"]].isna().all()
    assert frame.loc[1, "region"] == "north"
    assert frame["store"].dropna().tolist() == [1, 2, 1]
    assert set(frame["day"]) == {pd.Timestamp("2025-01-05")}


def test_a_hierarchy_reads_its_own_history_again() -> None:
    table = read_series(tree(), TREE)
    again = read_series(table.frame(TREE), TREE, like=table)
    assert list(again.names) == list(table.names)
    np.testing.assert_array_equal(again.panel.values, table.panel.values)


def test_names_with_a_slash_are_not_mixed_up() -> None:
    table = tree()
    table["store"] = table["store"].astype(str)
    table.loc[table["region"] == "south", ["region", "store"]] = ["north/2", "x"]
    table.loc[table["store"] == "2", "store"] = "2/x"
    assert len(set(read_series(table, TREE).names)) == 6


def test_rows_of_sums_are_refused() -> None:
    table = tree()
    table.loc[0, "store"] = np.nan
    with pytest.raises(UserError, match="adds them up itself"):
        read_series(table, TREE)


def test_covariates_of_a_sum_are_means_and_categories_only_if_they_agree() -> None:
    columns = SeriesColumns(
        time="day",
        target="units",
        known_covariates=("price", "event"),
        hierarchy=("region", "store"),
    ).named()
    given = tree().assign(price=[2.0, 2, 2, 2, 4, 4, 6, 6, 6], event="none")
    given.loc[4, "event"] = "fair"
    table = read_series(given, columns)
    row = list(table.names).index("north")
    cells = table.panel.covariates[table.panel.starts[row] : table.panel.stops[row]]
    assert cells[:, 0].tolist() == [2, 2, 3, 3]
    assert np.isnan(cells[2, 1])
    assert np.isfinite(cells[[0, 1, 3], 1]).all()
