import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.data.parsing.column_names import is_id_name, unique_names, with_unique_names


def test_duplicates_are_numbered_as_a_csv_reader_does():
    assert unique_names(["a", "a", "b", "a"]) == ["a", "a.1", "b", "a.2"]


def test_a_number_does_not_collide_with_a_real_name():
    assert unique_names(["a", "a", "a.1"]) == ["a", "a.2", "a.1"]


def test_labels_of_any_kind_become_text():
    assert unique_names(["a\ud800", ("a", "\ud800")]) == ["a\\ud800", "a_\\ud800"]
    assert unique_names([0, 1.5, ("x", "y"), None, float("nan")]) == [
        "0",
        "1.5",
        "x_y",
        "unnamed",
        "unnamed.1",
    ]


@given(st.lists(st.one_of(st.text(max_size=3), st.integers(0, 3), st.none())))
def test_names_are_always_unique_texts(labels):
    names = unique_names(labels)
    assert len(set(names)) == len(names) == len(labels)
    assert all(isinstance(name, str) for name in names)


def test_a_table_with_good_names_is_not_copied():
    table = pd.DataFrame({"a": [1], "b": [2]})
    assert with_unique_names(table) is table


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "ID",
        "customer_id",
        "PassengerId",
        "uuid",
        "Unnamed: 0",
        "row.index",
        "id_code",
        "orderID",
    ],
)
def test_names_of_identifiers(name):
    assert is_id_name(name)


@pytest.mark.parametrize("name", ["idea", "paid", "width", "humidity", "x", "", "grid"])
def test_names_of_other_things(name):
    assert not is_id_name(name)
