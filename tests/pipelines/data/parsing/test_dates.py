import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.data.parsing.dates import (
    detect_date_format,
    is_clock,
    is_compact_date,
    parse_clock,
    parse_dates,
)

DAYS = pd.date_range("2001-01-03", periods=90, freq="5D")


def detect(values):
    return detect_date_format(values, np.ones(len(values), dtype=np.int64))


@pytest.mark.parametrize(
    "pattern",
    [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%m/%d/%y",
        "%d.%m.%Y",
        "%d-%m-%Y",
        "%d-%b-%Y",
        "%d %B %Y",
        "%b %d, %Y",
        "%d%b%Y",
        "%a, %d %b %Y",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d/%m/%Y %H:%M:%S",
        "%b %d, %Y %I:%M%p",
        "%Y-%m-%d %H:%M:%S.%f",
    ],
)
def test_a_usual_format_is_found_and_read(pattern):
    moments = DAYS + pd.to_timedelta(np.arange(90) * 15, unit="min")
    if "%H" not in pattern and "%I" not in pattern:
        moments = DAYS
    texts = [moment.strftime(pattern) for moment in moments]
    found = detect(texts)
    assert found is not None
    assert not found.ambiguous
    assert (parse_dates(texts, found.pattern) == moments.to_numpy()).all()


def test_offsets_are_taken_to_utc():
    texts = ["2020-01-01T00:30:00+02:00", "2020-06-01T12:00:00Z"]
    found = detect(texts)
    assert found is not None
    assert parse_dates(texts, found.pattern)[0] == np.datetime64("2019-12-31T22:30:00")


def test_months_and_quarters_are_dates():
    for texts, starts in (
        (["Mar-2018", "Apr-2018"], ["2018-03-01", "2018-04-01"]),
        (["2018-03", "2018-04"], ["2018-03-01", "2018-04-01"]),
        (["2018 Q1", "2018 Q2"], ["2018-01-01", "2018-04-01"]),
    ):
        found = detect(texts)
        assert found is not None, texts
        assert not found.ambiguous
        assert (parse_dates(texts, found.pattern) == np.array(starts, "datetime64[D]")).all()


def test_one_day_above_twelve_decides_between_day_and_month():
    found = detect(["01/02/2020", "25/03/2020"])
    assert found is not None
    assert (found.pattern, found.ambiguous) == ("%d/%m/%Y", False)


def test_without_such_a_day_month_comes_first_and_it_is_said():
    found = detect(["01/02/2020", "05/03/2020"])
    assert found is not None
    assert (found.pattern, found.ambiguous) == ("%m/%d/%Y", True)


@pytest.mark.parametrize(
    "values",
    [
        ["red", "green"],
        ["192.168.1.1", "10.0.0.1"],
        ["1.2.3", "1.10.0"],
        ["555-1234", "555-9876"],
        ["March", "May", "June"],
        ["A-1", "B-2"],
        ["12:30", "14:15"],
        ["2020-01-01", "not yet", "later", "never"],
        ["3-5", "5-10", "10-15"],
        ["Mar 1", "May 2"],
    ],
)
def test_what_only_resembles_dates_is_left_alone(values):
    assert detect(values) is None


def test_a_date_that_is_none_becomes_missing():
    texts = [day.strftime("%Y-%m-%d") for day in DAYS] + ["2020-02-30"]
    found = detect(texts)
    assert found is not None
    assert np.isnat(parse_dates(texts, found.pattern)).tolist() == [False] * 90 + [True]


def test_dates_out_of_the_range_of_nanoseconds_are_missing():
    assert np.isnat(parse_dates(["9999-12-31", "0001-01-01"], "ISO8601")).all()


def test_compact_dates_must_all_be_real_days():
    assert is_compact_date(["20200131", "19991231"])
    assert not is_compact_date(["20200131", "20201301"])
    assert not is_compact_date(["20200131", "20200230"])
    assert not is_compact_date([])


def test_clock_times_become_seconds():
    assert is_clock(["08:30", "23:59:59", "1:02:03.5"])
    assert not is_clock(["08:30", "late"])
    assert parse_clock(["08:30", "0:00:01.5", "x"])[:2].tolist() == [30600.0, 1.5]


@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_texts_are_survived(values):
    values = list(dict.fromkeys(values))
    found = detect(values)
    if found is not None:
        assert parse_dates(values, found.pattern).dtype == np.dtype("datetime64[ns]")
