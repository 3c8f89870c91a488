"""Public holidays by day, by hour and by month; kept with the model."""

import sys

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.holidays import check_places
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable

pytest.importorskip("holidays")


def read(times: "pd.DatetimeIndex", places: tuple[str, ...] = ("DE",), **more) -> SeriesTable:
    columns = SeriesColumns(time="time", target="y", holidays=places)
    return read_series(pd.DataFrame({"time": times, "y": np.arange(len(times))}), columns, **more)


def test_days_say_holiday_eve_and_the_day_after() -> None:
    table = read(pd.date_range("2025-04-01", "2025-04-29"))
    ahead = table.panel.future(4)[0]  # 30 April to 3 May
    assert ahead[:, 0].tolist() == [0, 1, 0, 0]
    assert ahead[:, 1].tolist() == [1, 0, 0, 0]
    assert ahead[:, 2].tolist() == [0, 0, 1, 0]
    names = table.holidays.names
    assert ahead[1, 3 + names.index("Labor Day")] == 1


def test_hours_are_of_the_day_on_their_own_clock() -> None:
    hours = pd.date_range("2025-04-28 00:00", "2025-04-30 23:00", freq="h", tz="America/New_York")
    told = read(hours, ("DE",)).panel.future(25)[0, :, 0]
    assert told.tolist() == [1.0] * 24 + [0.0]


def test_months_count_their_holidays() -> None:
    table = read(pd.date_range("2020-01-01", "2024-11-01", freq="MS"))
    december = table.panel.future(1)[0]
    assert december[0, 0] == 2
    ends = read(pd.date_range("2020-01-31", "2024-11-30", freq="ME"))
    assert ends.panel.future(1)[0, 0, 0] == 2


def test_a_part_of_a_country_has_its_own() -> None:
    days = pd.date_range("2025-07-01", "2025-08-14")
    assert read(days, ("DE-BY",)).panel.future(1)[0, 0, 0] == 0
    assert read(days, ("AT",)).panel.future(1)[0, 0, 0] == 1
    assert read(days, ("AT", "US")).holidays.places == ("AT", "US")


def test_a_served_forecast_needs_no_package_for_years(monkeypatch) -> None:
    table = read(pd.date_range("2025-01-01", "2025-03-31"))
    monkeypatch.setitem(sys.modules, "holidays", None)
    later = read(pd.date_range("2031-01-01", "2031-12-24"), like=table)
    assert later.panel.future(2)[0, :, 0].tolist() == [1, 1]
    with pytest.raises(UserError, match=r"espalier\[holidays\]"):
        read(pd.date_range("2051-01-01", "2051-12-24"), like=table)


def test_unknown_places_and_times_that_are_numbers_are_refused() -> None:
    with pytest.raises(UserError, match=r"'XX' are not known; give a country"):
        check_places(("XX",))
    with pytest.raises(UserError, match=r"'DE-ZZ' are not known; parts of DE are"):
        check_places(("DE-ZZ",))
    columns = SeriesColumns(time="time", target="y", holidays=("DE",))
    with pytest.raises(UserError, match="holidays need times with a date"):
        read_series(pd.DataFrame({"time": range(30), "y": range(30)}), columns)
