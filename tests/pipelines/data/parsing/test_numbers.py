import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.data.parsing.numbers import NumberStyle, detect_number_style, parse_numbers


def detect(values):
    return detect_number_style(values, np.ones(len(values), dtype=np.int64))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0),
        ("-1.5", -1.5),
        (" 7 ", 7.0),
        ("1,234", 1234.0),
        ("1,234,567.89", 1234567.89),
        ("12,34,567", 1234567.0),
        ("1 234", 1234.0),
        ("1'234.5", 1234.5),
        ("$5", 5.0),
        ("-$5.25", -5.25),
        ("$ -5.25", -5.25),
        ("5 €", 5.0),
        ("EUR 12", 12.0),
        ("12%", 12.0),
        ("(3.5)", -3.5),
        ("($1,200)", -1200.0),
        ("(1,200.00) €", -1200.0),
        ("$(12.05)", -12.05),
        ("$ (1,200)", -1200.0),
        ("1e3", 1000.0),
        ("2.5k", 2500.0),
        ("3M", 3e6),
        ("\u22124", -4.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("100-", -100.0),
        ("1,234.50-", -1234.5),
        ("12.5-%", -12.5),
        ("100.00- EUR", -100.0),
        ("5.-", 5.0),
        ("5.--", 5.0),
        ("5.\u2013", 5.0),
        ("CHF 5.-", 5.0),
        ("true", 1.0),
        ("False", 0.0),
    ],
)
def test_a_number_in_text_is_parsed(text, number):
    assert parse_numbers([text], NumberStyle())[0] == pytest.approx(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1,2,3",
        "1.2.3",
        "12-34",
        "(5",
        "5)",
        "--5",
        "-$-5",
        "1,23",
        "10+",
        "-100-",
        "(100-)",
        "100-A",
        "100--",
        "5.---",
        "<5",
        "A1",
        "1_000",
        "2020-01-01",
        "12:30",
        "inf",
        "nan",
        "1e999",
        "5 kg",
    ],
)
def test_what_is_no_number_is_nan(text):
    assert np.isnan(parse_numbers([text], NumberStyle())[0])


def test_a_decimal_comma_is_found_from_cells_that_can_only_have_one():
    style = detect(["1,5", "2,25", "1.234,5", "1.234"])
    assert style is not None
    assert style.decimal == ","
    assert parse_numbers(["1.234,5", "1.234", "2,25"], style).tolist() == [1234.5, 1234.0, 2.25]


def test_a_unit_that_follows_every_number_is_left_out():
    style = detect(["70 kg", "81.5 kg", "64kg"])
    assert style == NumberStyle(unit="kg")
    assert parse_numbers(["70 kg", "81.5 kg", "70 cm"], style)[:2].tolist() == [70.0, 81.5]


@pytest.mark.parametrize(
    "values",
    [
        ["007", "012", "123"],  # codes
        ["a", "b"],
        ["1", "2", "three", "four"],
        ["10+ years", "< 1 year", "2 years"],
        ["1st", "2nd", "3rd"],
        [],
        ["unknown", "n/a"],
    ],
)
def test_a_column_of_something_else_is_not_taken_for_numbers(values):
    assert detect(values) is None


def test_markers_of_absence_do_not_stop_a_column_from_being_numbers():
    assert detect(["1", "2", "3", "n/a", "?", "-", "Unknown"]) is not None


def test_a_rare_slip_becomes_missing_but_a_frequent_word_makes_categories():
    values = ["1", "2", "lots"]
    assert detect_number_style(values, np.array([500, 500, 5])) is not None
    assert detect_number_style(values, np.array([500, 500, 200])) is None


@given(st.lists(st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: round(x, 3)), min_size=1))
def test_formatted_numbers_come_back(numbers):
    for form in ("{:,.3f}", "${:,.3f}", "{:.3f}%", "{!r}"):
        texts = [form.format(number) for number in numbers]
        assert parse_numbers(texts, NumberStyle()) == pytest.approx(numbers)


@given(st.text(max_size=20))
def test_any_text_is_a_finite_number_or_nan(text):
    for style in (NumberStyle(), NumberStyle(",", "kg")):
        value = parse_numbers([text], style)[0]
        assert np.isnan(value) or np.isfinite(value)
