"""No client misreads a cell."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from espalier.infra.web.answering.json_values import finite_list, json_value, key_text, label_keys


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (np.int64(3), 3),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (-(2**70), str(-(2**70))),
        (np.bool_(True), True),
        (np.float32(0.5), 0.5),
        (float("inf"), None),
        (np.nan, None),
        (pd.NA, None),
        (pd.NaT, None),
        (np.datetime64("2026-01-02"), "2026-01-02T00:00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (pd.Timedelta("1D"), "P1DT0H0M0S"),
        (decimal.Decimal("1.10"), "1.10"),
        ("\ud800", "\\ud800"),
        ({1: [np.nan]}, {"1": [None]}),
        (np.array([1.5, np.nan]), [1.5, None]),
    ],
)
def test_a_cell_of_any_type(cell, value):
    found = json_value(cell)
    assert found == value
    assert type(found) is type(value)


def test_a_label_is_named_as_json_writes_it():
    assert [key_text(label) for label in (True, False, 1, 1.0, "a b", 2**60)] == [
        "true",
        "false",
        "1",
        "1.0",
        "a b",
        str(2**60),
    ]
    assert label_keys([1, "1"]) == ("1", "1.1")


def test_numbers_that_json_lacks_are_null():
    assert finite_list(np.array([1.0, np.inf, np.nan])) == [1.0, None, None]
