"""What was decided of the columns of a training table applies to other rows alike."""

import datetime
import decimal
import pickle

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.errors import MissingColumnsError, UserError

N = 200
RNG = np.random.default_rng(0)
NUMERIC, CATEGORICAL = ColumnRole.NUMERIC, ColumnRole.CATEGORICAL
TEXT, DATETIME = ColumnRole.TEXT, ColumnRole.DATETIME
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


def learn_preparation(table, **named):
    return prepare(table, **named)[0]


def sentences(n):
    return [" ".join(RNG.choice(WORDS, 8)) for _ in range(n)]


def messy():
    """Return one column of every kind, and what each should be."""
    codes = RNG.choice(["007", "012", "123"], N)
    days = pd.date_range("2020-01-01", periods=N, freq="D")
    nulls = np.where(RNG.random(N) < 0.2, None, RNG.choice(["x", "y"], N))
    infinite = RNG.normal(size=N)
    infinite[:3] = [np.inf, -np.inf, np.nan]
    columns = {
        "float": (RNG.normal(size=N), NUMERIC),
        "infinite": (infinite, NUMERIC),
        "few_ints": (RNG.integers(0, 3, N), NUMERIC),
        "small_int": (RNG.integers(0, 200, N).astype("uint8"), NUMERIC),
        "bool": (RNG.random(N) < 0.5, NUMERIC),
        "bool_objects": (np.where(RNG.random(N) < 0.1, None, RNG.random(N) < 0.5), NUMERIC),
        "true_false": (RNG.choice(["true", "False"], N), NUMERIC),
        "nullable_int": (pd.array(RNG.integers(0, 9, N), dtype="Int64"), NUMERIC),
        "nullable_bool": (pd.array(RNG.random(N) < 0.5, dtype="boolean"), NUMERIC),
        "arrow_float": (pd.array(RNG.normal(size=N), dtype="float64[pyarrow]"), NUMERIC),
        "arrow_bool": (pd.array(RNG.random(N) < 0.5, dtype="bool[pyarrow]"), NUMERIC),
        "decimals": ([decimal.Decimal(int(i)) / 7 for i in RNG.integers(0, 99, N)], NUMERIC),
        "sparse": (pd.arrays.SparseArray(RNG.integers(0, 2, N)), NUMERIC),
        "money": ([f"${value:,.2f}" for value in RNG.uniform(0, 1e5, N)], NUMERIC),
        "percent": ([f"{value}%" for value in RNG.integers(0, 100, N)], NUMERIC),
        "number_marks": (RNG.choice(["1", "2.5", "?", "n/a"], N), NUMERIC),
        "timedelta": (pd.to_timedelta(RNG.integers(0, 999, N), unit="min"), NUMERIC),
        "clock": ([f"{h:02d}:{m:02d}" for h, m in RNG.integers(0, 23, (N, 2))], NUMERIC),
        "codes": (codes, CATEGORICAL),
        "yes_no": (RNG.choice(["yes", "no"], N), CATEGORICAL),
        "nulls": (pd.Series(nulls, dtype=object), CATEGORICAL),
        "category": (pd.Categorical(RNG.choice(["u", "v"], N)), CATEGORICAL),
        "number_category": (pd.Categorical(RNG.integers(0, 4, N)), CATEGORICAL),
        "arrow_text": (pd.array(RNG.choice(["p", "q"], N), dtype="string[pyarrow]"), CATEGORICAL),
        "mixed": ([[1, "one", 2.5, None, ("t",)][i] for i in RNG.integers(0, 5, N)], CATEGORICAL),
        "lists": ([[[1], [2, 3], None][i] for i in RNG.integers(0, 3, N)], CATEGORICAL),
        "bytes": (RNG.choice(np.array([b"k", b"l"], dtype=object), N), CATEGORICAL),
        "free_text": (sentences(N), TEXT),
        "names": ([f"{a} {b} {i}" for i, (a, b) in enumerate(RNG.choice(WORDS, (N, 2)))], TEXT),
        "formulas": (["C" * (1 + i % 20) + "(=O)" + "N" * (i // 20) for i in range(N)], TEXT),
        "dates": (days, DATETIME),
        "zoned_dates": ((days + pd.Timedelta("9h")).tz_localize("Europe/Paris"), DATETIME),
        "seconds_dates": (days[RNG.permutation(N)].as_unit("s"), DATETIME),
        "date_objects": ([day.date() for day in RNG.permutation(days.to_pydatetime())], DATETIME),
        "text_dates": ([day.strftime("%d/%m/%Y") for day in days[::-1]], DATETIME),
        "compact_dates": (
            [int(day.strftime("%Y%m%d")) for day in days[RNG.permutation(N)]],
            DATETIME,
        ),
        "periods": (days.to_period("M"), DATETIME),
        "arrow_dates": (
            pd.Series(days[RNG.permutation(N)]).astype("timestamp[us][pyarrow]"),
            DATETIME,
        ),
    }
    table = pd.DataFrame({name: pd.Series(cells) for name, (cells, _) in columns.items()})
    return table, {name: role for name, (_, role) in columns.items()}


@pytest.fixture(scope="module")
def messy_table():
    return messy()


def check_dtypes(frame, roles):
    kinds = {NUMERIC: "float64", CATEGORICAL: "object", TEXT: "object", DATETIME: "datetime64[ns]"}
    for name, role in roles.items():
        assert str(frame[name].dtype) == kinds[role], name
        if role is NUMERIC:
            assert not np.isinf(frame[name]).any(), name
        if role in (CATEGORICAL, TEXT):
            assert all(isinstance(cell, str) or cell is np.nan for cell in frame[name]), name


def test_every_kind_of_column_finds_its_role(messy_table):
    table, expected = messy_table
    preparation, frame = prepare(table, target=None)
    assert not preparation.dropped
    assert dict(preparation.roles) == expected
    check_dtypes(frame, expected)
    assert isinstance(frame.index, pd.RangeIndex)


def test_what_was_learned_applies_to_the_same_rows_alike(messy_table):
    table, _ = messy_table
    preparation, frame = prepare(table, target=None)
    again = pickle.loads(pickle.dumps(preparation))
    assert again == preparation
    pd.testing.assert_frame_equal(again.apply(table), frame)


@pytest.mark.parametrize("row", [0, 7])
def test_one_row_reads_as_it_does_among_many(messy_table, row):
    table, expected = messy_table
    preparation, frame = prepare(table, target=None)
    alone = preparation.apply(table.iloc[[row]])
    check_dtypes(alone, expected)
    pd.testing.assert_frame_equal(alone, frame.iloc[[row]].reset_index(drop=True))


def test_no_rows_at_all_keep_the_dtypes(messy_table):
    table, expected = messy_table
    check_dtypes(learn_preparation(table, target=None).apply(table.iloc[:0]), expected)


def test_a_table_that_went_through_a_csv_file_reads_alike(messy_table, tmp_path):
    table, _ = messy_table
    # A file cannot keep what these are.
    table = table.drop(columns=["timedelta", "lists", "bytes", "zoned_dates", "mixed", "sparse"])
    preparation, frame = prepare(table, target=None)
    table.to_csv(tmp_path / "rows.csv", index=False)
    read = preparation.apply(pd.read_csv(tmp_path / "rows.csv"))
    pd.testing.assert_frame_equal(read, frame, check_exact=False)


def test_extra_reordered_and_all_missing_columns_are_fine(messy_table):
    table, expected = messy_table
    preparation, frame = prepare(table, target=None)
    other = table.assign(extra=1)[["extra", *reversed(table.columns)]]
    pd.testing.assert_frame_equal(preparation.apply(other), frame)
    empty = preparation.apply(pd.DataFrame(np.nan, index=range(3), columns=table.columns))
    check_dtypes(empty, expected)
    assert empty.isna().all(axis=None)


def test_all_missing_columns_are_named():
    table = pd.DataFrame({"a": RNG.normal(size=30), "b": RNG.normal(size=30), "c": range(30)})
    preparation = learn_preparation(table, target=None)
    with pytest.raises(MissingColumnsError, match=r"rows\.csv lacks 2 column.*'a', 'b'"):
        preparation.apply(table[["c"]], where="rows.csv")


def test_column_names_of_any_kind_become_unique_texts():
    table = pd.DataFrame(RNG.normal(size=(30, 4)), columns=["a", "a", 0, None])
    preparation, frame = prepare(table, target=None)
    assert list(frame.columns) == ["a", "a.1", "0", "unnamed"]
    assert preparation.apply(table).equals(frame)


def test_codes_that_a_file_turned_into_numbers_find_their_spelling():
    table = pd.DataFrame({"zip": RNG.choice(["00501", "10001", "90210"], N)})
    preparation = learn_preparation(table, target=None)
    read = preparation.apply(pd.DataFrame({"zip": [501, 90210, 77]}))
    assert read["zip"].tolist() == ["00501", "90210", "77"]
    with_missing = preparation.apply(pd.DataFrame({"zip": [501.0, np.nan]}))
    assert with_missing["zip"].tolist()[0] == "00501"


def test_dates_that_arrive_in_another_form_are_read():
    days = pd.date_range("2020-01-01", periods=N)
    table = pd.DataFrame({"day": days, "text": days[::-1].strftime("%d.%m.%Y"), "x": range(N)})
    preparation = learn_preparation(table, target=None)
    later = pd.DataFrame({"day": ["2021-05-06"], "text": [datetime.date(2021, 5, 7)], "x": 1})
    read = preparation.apply(later)
    assert read["day"][0] == pd.Timestamp("2021-05-06")
    assert read["text"][0] == pd.Timestamp("2021-05-07")


def test_dates_of_another_zone_tell_the_same_hour():
    days = pd.date_range("2020-01-01", periods=N, freq="h", tz="America/New_York")
    table = pd.DataFrame({"when": days, "x": RNG.normal(size=N)})
    preparation, frame = prepare(table, target=None)
    elsewhere = table.assign(when=table["when"].dt.tz_convert("Asia/Tokyo"))
    assert frame["when"][5] == pd.Timestamp("2020-01-01 05:00")
    pd.testing.assert_frame_equal(preparation.apply(elsewhere), frame)


def test_dates_where_numbers_were_are_refused():
    preparation = learn_preparation(pd.DataFrame({"x": RNG.normal(size=30)}), target=None)
    with pytest.raises(UserError, match="'x' held numbers in training and holds dates now"):
        preparation.apply(pd.DataFrame({"x": pd.date_range("2020", periods=3)}))


def test_unseen_categories_and_new_nulls_pass():
    table = pd.DataFrame({"c": RNG.choice(["a", "b"], N), "x": RNG.normal(size=N)})
    preparation = learn_preparation(table, target=None)
    read = preparation.apply(pd.DataFrame({"c": ["new", None], "x": ["oops", 1]}))
    assert read["c"][0] == "new"
    assert read.isna().to_numpy().tolist() == [[False, True], [True, False]]


def test_without_takes_columns_away_for_a_reason():
    table = pd.DataFrame({"a": RNG.normal(size=30), "b": RNG.normal(size=30)})
    preparation = learn_preparation(table, target=None).without(["a"], "the target in disguise")
    assert preparation.columns == ("b",)
    assert preparation.dropped[-1].reason == "the target in disguise"
    assert list(preparation.apply(table[["b"]]).columns) == ["b"]


def test_the_table_is_not_changed(messy_table):
    table, _ = messy_table
    before = table.copy(deep=True)
    prepare(table, target=None)
    pd.testing.assert_frame_equal(table, before)
