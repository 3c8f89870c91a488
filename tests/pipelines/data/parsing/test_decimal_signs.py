"""A decimal comma or point: what texts tell, and what a model does with a later table."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.parsing.decimal_signs import (
    may_be_numbers,
    sign_evidence,
    table_decimal,
)
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.errors import UserError


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("1,5", ","),
        ("1.234,50", ","),
        ("1.234.567", ","),
        ("0,123", ","),
        ("12345,678", ","),
        ("(1.234,00 €)", ","),
        ("12,5 %", ","),
        ("1'234,5", ","),
        ("1.5", "."),
        ("1,234.5", "."),
        ("0.123", "."),
        ("$1,234.50", "."),
        ("12,34,567", "."),
        ("1,234", None),
        ("1.234", None),
        ("1 234", None),
        ("12", None),
        ("no, number", None),
    ],
)
def test_what_a_text_tells(text, decimal):
    assert sign_evidence([text]).decimal == decimal


def test_columns_that_do_not_tell_are_read_like_their_neighbours():
    table = pd.DataFrame({"whole": ["1.050", "850"] * 15, "part": ["1.050,50", "3,5 €"] * 15})
    assert table_decimal(table) == ","
    preparation, features = prepare(table, target=None)
    assert features["whole"].tolist()[:2] == [1050.0, 850.0]
    assert preparation.notes == ()
    later = pd.DataFrame({"whole": ["2.000"], "part": ["1"]})
    assert preparation.apply(later)["whole"].tolist() == [2000.0]
    assert preparation.apply(later.assign(whole=[1.234]))["whole"].tolist() == [1.234]
    with pytest.raises(UserError, match=r"'whole' holds '1\.5', with a decimal point"):
        preparation.apply(later.assign(whole=["1.5"]))


def test_a_later_number_that_reads_both_ways_is_refused():
    preparation, _ = prepare(pd.DataFrame({"a": np.arange(30) / 7}), target=None)
    assert preparation.apply(pd.DataFrame({"a": ["1,234", "1,234.5"]}))["a"].tolist() == [
        1234.0,
        1234.5,
    ]
    for text, said in (("1,234", "nothing tells"), ("1,5", "with a decimal comma")):
        with pytest.raises(UserError, match=said):
            preparation.apply(pd.DataFrame({"a": [text]}))


@pytest.mark.parametrize("whole", [np.arange(30), [f"{i} kg" for i in range(30)]])
def test_a_later_point_in_a_column_of_whole_numbers_is_refused_where_it_may_group(whole):
    preparation, _ = prepare(pd.DataFrame({"a": whole}), target=None)
    with pytest.raises(UserError, match=r"'1\.050', which may be read"):
        preparation.apply(pd.DataFrame({"a": ["1.050", "20"]}))
    told = pd.DataFrame({"a": ["1.050", "2.5", "20"]})
    assert preparation.apply(told)["a"].tolist() == [1.05, 2.5, 20.0]
    assert preparation.apply(pd.DataFrame({"a": [1.05]}))["a"].tolist() == [1.05]


def test_the_notation_of_the_target_is_remembered_too():
    table = pd.DataFrame({"a": np.arange(30) / 7, "y": ["1.050,50", "3,5"] * 15})
    preparation, _ = prepare(table, target="y")
    assert preparation.styles_with("y")["y"].decimal == ","
    assert set(preparation.number_styles) == {"a"}
    words, _ = prepare(table.assign(y=["yes", "no"] * 15), target="y")
    assert set(words.styles_with("y")) == {"a"}


def test_a_column_of_words_is_told_from_numbers_by_some_cells():
    assert may_be_numbers(pd.Series(["?"] * 300 + ["1,5"] * 100))
    assert may_be_numbers(pd.Series(["-", " ", None, "12 kg"]))
    assert not may_be_numbers(pd.Series([f"text {i} and {i}" for i in range(300)]))
    assert not may_be_numbers(pd.Series([1.5, None, 2], dtype=object))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1,234", "900"] * 15, "read both ways"),
        ([*(f"{i},5" for i in range(199)), "2.5"], "count as missing"),
        (["1,5", "2.5"] * 15, "taken for words"),
        (["12%", "0.5"] * 15, "with and without a percent sign"),
        (["$5", "€7"] * 15, "unlike currencies"),
    ],
)
def test_doubts_of_the_training_are_said_aloud(cells, said):
    preparation, _ = prepare(pd.DataFrame({"a": cells}), target=None)
    assert said in " ".join(preparation.notes)
