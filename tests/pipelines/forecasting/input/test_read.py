"""Long tables of every kind become panels, and forecasts come back as the user writes them."""

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import MissingColumnsError, UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series

COLUMNS = SeriesColumns(time="when", target="units", series="shop")
ONE = SeriesColumns(time="when", target="units")


def _long(times: Any, n: int = 2, values: Any = None) -> pd.DataFrame:
    """Return ``n`` series over the same times."""
    parts = [
        pd.DataFrame(
            {
                "shop": name,
                "when": times,
                "units": np.arange(len(times)) + 10.0 if values is None else values,
            }
        )
        for name in ("b", "a", "c")[:n]
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("freq", "label", "following"),
    [
        ("D", "D", "2024-02-10"),
        ("MS", "MS", "2027-05-01"),
        ("ME", "ME", "2027-05-31"),
        ("QS", "QS", "2034-01-01"),
        ("YS", "YS", "2064-01-01"),
        ("W-SUN", "W-SUN", "2024-10-13"),
        ("h", "h", "2024-01-02 16:00"),
        ("15min", "15min", "2024-01-01 10:00"),
        ("2D", "2D", "2024-03-21"),
        ("B", "D", None),
    ],
)
def test_steps_are_inferred(freq: str, label: str, following: str | None) -> None:
    times = pd.date_range("2024-01-01", periods=40, freq=freq)
    table = read_series(_long(times).sample(frac=1, random_state=0), COLUMNS)
    assert table.frequency.label == label
    if following is not None:
        assert table.panel.lengths.tolist() == [40, 40]
        assert table.future(2, COLUMNS)["when"].iloc[0] == pd.Timestamp(following)


def test_the_given_step_is_used() -> None:
    times = pd.to_datetime(["2024-01-01", "2024-03-01", "2024-07-01"])
    table = read_series(_long(times), COLUMNS, freq="MS")
    assert table.panel.lengths.tolist() == [7, 7]
    with pytest.raises(UserError, match="freq='fortnight' is not known"):
        read_series(_long(times), COLUMNS, freq="fortnight")


def test_gaps_are_filled_marked_and_told() -> None:
    times = pd.date_range("2024-01-01", periods=30).delete([4, 5, 11])
    frame = _long(times)
    frame.loc[0, "units"] = np.inf
    table = read_series(frame, COLUMNS)
    assert table.panel.lengths.tolist() == [29, 30]
    assert (~table.panel.observed).sum() == 6
    assert np.isfinite(table.panel.values).all()
    assert any("6 step(s) without a value" in note for note in table.notes)


def test_series_of_any_length_and_end() -> None:
    days = pd.date_range("2024-01-01", periods=10)
    frame = pd.DataFrame(
        {
            "shop": ["x"] * 10 + ["y"] + ["z"] * 2,
            "when": [*days, days[3], days[8], days[9]],
            "units": 1.0,
        }
    )
    table = read_series(frame, COLUMNS)
    assert table.panel.lengths.tolist() == [10, 1, 2]
    ahead = table.future(1, COLUMNS)
    assert ahead["when"].tolist() == [days[9] + pd.Timedelta(days=n) for n in (1, -5, 1)]


def test_equal_moments_have_equal_numbers() -> None:
    days = pd.date_range("2024-01-01", periods=40)
    frame = pd.concat([_long(days, 1), _long(days[5:], 2).query("shop == 'a'")])
    table = read_series(frame, COLUMNS)
    assert np.diff(table.panel.first).tolist() == [5]


def test_two_values_at_one_time_are_refused() -> None:
    days = pd.date_range("2024-01-01", periods=4)
    with pytest.raises(UserError, match=r"appear twice.*tells the series apart"):
        read_series(_long(days), ONE)
    close = pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 01:10"])
    with pytest.raises(UserError, match="fall into one step"):
        read_series(_long(close), COLUMNS, freq="h")


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["2024-01-01", "2024-01-02", "2024-01-03"], "2024-01-04"),
        (["01/02/2024", "01/03/2024", "01/04/2024"], "01/05/2024"),
        ([datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)], datetime.date(2024, 1, 3)),
        ([5, 7, 9], 11),
        (np.array([5, 6], dtype=np.int32), 7),
        ([0.0, 1.0, 2.0], 3.0),
        (pd.period_range("2024-01", periods=3, freq="M"), pd.Period("2024-04", "M")),
    ],
)
def test_times_come_back_in_their_own_type(times: Any, expected: Any) -> None:
    frame = _long(times)
    table = read_series(frame, COLUMNS)
    ahead = table.future(1, COLUMNS)["when"]
    assert ahead.iloc[0] == expected
    assert type(ahead.iloc[0]) is type(frame["when"].iloc[0])
    assert ahead.dtype == frame["when"].dtype


def test_days_of_23_hours_are_days() -> None:
    days = pd.date_range("2024-03-20", periods=20, tz="Europe/Berlin")
    table = read_series(_long(days), COLUMNS)
    assert table.frequency.label == "D"
    assert table.panel.lengths.tolist() == [20, 20]
    ahead = table.future(2, COLUMNS)["when"]
    assert ahead.dtype == days.dtype
    assert ahead.iloc[1] == pd.Timestamp("2024-04-10", tz="Europe/Berlin")


def test_hours_through_daylight_saving_have_no_gap_and_no_double() -> None:
    for day in ("2024-03-30", "2024-10-26"):
        hours = pd.date_range(day, periods=60, freq="h", tz="Europe/Berlin")
        table = read_series(_long(hours), COLUMNS)
        assert table.panel.lengths.tolist() == [60, 60]
        assert table.future(1, COLUMNS)["when"].iloc[0] == hours[-1] + pd.Timedelta(hours=1)


def test_several_time_zones_become_utc_with_a_note() -> None:
    times = ["2024-01-01T00:00:00+01:00", "2024-01-01T02:00:00+02:00", "2024-01-01T01:00:00+00:00"]
    table = read_series(pd.DataFrame({"when": times, "units": [1.0, 2.0, 3.0]}), ONE, freq="h")
    assert any("in UTC" in note for note in table.notes)
    assert str(table.time_type.zone) == "UTC"


def test_zones_here_and_none_there_are_refused() -> None:
    frame = pd.DataFrame({"when": ["2024-01-01T00:00+01:00", "2024-01-02T00:00"], "units": [1, 2]})
    with pytest.raises(UserError, match="with and without a zone"):
        read_series(frame, ONE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": "many"}, "target 'units' must hold numbers; .*'many'"),
        ({"units": np.nan}, "no series has a value"),
        ({"when": None}, "time column 'when' are empty"),
        ({"when": "soon"}, "time column 'when' cannot be read"),
        ({"when": 1.5}, "not whole"),
        ({"shop": None}, "name every series"),
    ],
)
def test_what_cannot_be_read_is_named(change: dict[str, Any], message: str) -> None:
    frame = _long(pd.date_range("2024-01-01", periods=4)).assign(**change)
    with pytest.raises(UserError, match=message):
        read_series(frame, COLUMNS)


def test_missing_columns_are_named_with_what_there_is() -> None:
    with pytest.raises(UserError, match=r"lacks the column.s. 'units'; it has 'shop', 'when'"):
        read_series(_long([1, 2]).drop(columns="units"), COLUMNS)


def test_a_season_is_there_if_the_series_show_it() -> None:
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=140)
    weekly = 10 + 5 * np.sin(2 * np.pi * np.arange(140) / 7) + rng.normal(size=140)
    assert read_series(_long(days, 1, weekly), COLUMNS).panel.season == 7
    walk = np.cumsum(rng.normal(size=140))
    assert read_series(_long(days, 1, walk), COLUMNS).panel.season == 1
    assert read_series(_long(days, 1, walk), COLUMNS, season=5).panel.season == 5


def test_a_season_of_numbered_times_is_found() -> None:
    rng = np.random.default_rng(0)
    y = 10 * np.sin(2 * np.pi * np.arange(300) / 25) + rng.normal(size=300)
    assert abs(read_series(_long(range(300), 1, y), COLUMNS).panel.season - 25) <= 1


WITH_PRICE = SeriesColumns(
    time="when", target="units", series="shop", known_covariates=("price", "event")
)


def _priced() -> pd.DataFrame:
    frame = _long(pd.date_range("2024-01-01", periods=10))
    return frame.assign(price=np.arange(20.0), event=["fair", None, "sale", "fair", "sale"] * 4)


def test_rows_without_a_value_at_the_end_are_the_future() -> None:
    frame = _priced()
    frame.loc[[8, 9], "units"] = np.nan
    table = read_series(frame, WITH_PRICE)
    assert table.panel.lengths.tolist() == [8, 10]
    assert table.panel.future(2)[0, :, 0].tolist() == [8.0, 9.0]
    assert table.codes["event"] == ("fair", "sale")


def test_covariates_of_the_future_may_be_another_table() -> None:
    frame = _priced()
    ahead = frame.tail(3).assign(when=pd.date_range("2024-01-11", periods=3), price=[7.0, 8.0, 9.0])
    fitted = read_series(frame, WITH_PRICE)
    table = read_series(frame, WITH_PRICE, like=fitted, ahead=ahead.drop(columns="units"))
    assert table.panel.future(3)[1, :, 0].tolist() == [7.0, 8.0, 9.0]
    with pytest.raises(MissingColumnsError, match="'price'"):
        read_series(frame, WITH_PRICE, like=fitted, ahead=ahead.drop(columns="price"))


def test_the_history_can_be_written_again() -> None:
    frame = _priced()
    frame = frame.drop(index=[4])
    frame.loc[19, "units"] = np.nan
    table = read_series(frame, WITH_PRICE)
    again = read_series(table.frame(WITH_PRICE), WITH_PRICE, like=table)
    for one, other in (
        (table.panel.values, again.panel.values),
        (table.panel.observed, again.panel.observed),
        (table.panel.lengths, again.panel.lengths),
        (table.panel.future(1), again.panel.future(1)),
    ):
        np.testing.assert_array_equal(one[: len(other)], other)


def test_names_of_series_keep_their_type() -> None:
    frame = _long([1, 2, 3]).assign(shop=[7, 7, 7, 3, 3, 3])
    ahead = read_series(frame, COLUMNS).future(2, COLUMNS)
    assert ahead["shop"].tolist() == [7, 7, 3, 3]
    assert ahead["shop"].dtype == np.int64
    named = frame.assign(shop=frame["shop"].astype("category"))
    assert read_series(named, COLUMNS).future(1, COLUMNS)["shop"].tolist() == [7, 3]


@pytest.mark.parametrize(
    ("form", "freq"), [("%d/%m/%Y", "D"), ("%m/%d/%Y", "D"), ("%d.%m.%Y", "D"), ("%d.%m.%y", "D")]
)
def test_dates_as_text_are_read_day_or_month_first_as_fits_all(form: str, freq: str) -> None:
    days = pd.date_range("2025-01-01", periods=60, freq=freq)
    found = read_series(
        pd.DataFrame({"time": days.strftime(form), "target": np.arange(60.0)}),
        SeriesColumns(time="time", target="target"),
    )
    assert found.frequency.label == freq
    assert found.panel.observed.all()
    after = found.future(1, SeriesColumns(time="time", target="target"))
    assert after["time"].tolist() == [pd.Timestamp("2025-03-02").strftime(form)]


def test_dates_that_could_be_read_in_two_ways_are_read_as_regular_ones_and_it_is_said() -> None:
    columns = SeriesColumns(time="time", target="target")
    months = pd.date_range("2023-01-01", periods=24, freq="MS").strftime("%d/%m/%Y")
    found = read_series(pd.DataFrame({"time": months, "target": np.arange(24.0)}), columns)
    assert found.frequency.label == "MS"
    assert "'01/01/2023' in 'time' could be read in two ways; the day is taken to come first" in (
        found.notes
    )
    # A few rows later are read as the training read its own.
    rows = pd.DataFrame({"time": ["01/01/2025", "01/02/2025"], "target": [24.0, 25.0]})
    later = read_series(rows, columns, like=found)
    assert later.future(1, columns)["time"].tolist() == ["01/03/2025"]


def test_dates_written_in_several_ways_are_refused_where_the_day_cannot_be_told() -> None:
    rows = pd.DataFrame({"time": ["01/02/2025", "13/02/2025", "02/14/2025"], "target": 1.0})
    with pytest.raises(UserError, match="written in several ways"):
        read_series(rows, SeriesColumns(time="time", target="target"))
