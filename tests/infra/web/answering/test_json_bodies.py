"""The shapes of rows in JSON, and what is said of those that are none of them."""

import json

import pytest

from espalier.infra.web.answering.json_bodies import read_json_body
from espalier.infra.web.answering.refusals import RefusedError

ROWS = [{"age": 31, "city": "Ulm"}, {"age": None, "city": "Bern"}]
COLUMNS = {"age": [31, None], "city": ["Ulm", "Bern"]}
SPLIT = {"columns": ["age", "city"], "data": [[31, "Ulm"], [None, "Bern"]]}


def read(content, most_rows=100):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_json_body(body, most_rows=most_rows)


@pytest.mark.parametrize(
    "body",
    [
        ROWS,
        {"rows": ROWS},
        {"records": ROWS},
        {"dataframe_records": ROWS},
        {"instances": ROWS},
        {"inputs": ROWS},
        {"inputs": COLUMNS},
        {"split": SPLIT},
        {"dataframe_split": {"index": [0, 1], **SPLIT}},
        SPLIT,
    ],
    ids=lambda body: next(iter(body)) if isinstance(body, dict) else "list",
)
def test_every_shape_says_the_same(body):
    rows, options = read(body)
    assert (dict(rows.columns), rows.n_rows, options) == (COLUMNS, 2, {})


def test_options_stand_beside_the_rows_or_in_params():
    assert read({"rows": ROWS, "explain": True})[1] == {"explain": True}
    assert read({"inputs": ROWS, "params": {"interval": 0.9}})[1] == {"interval": 0.9}
    assert read({**SPLIT, "interval": 0.5})[1] == {"interval": 0.5}


def test_a_column_that_some_rows_lack_is_a_gap():
    rows, _ = read([{"a": 1}, {"a": 2, "b": 3}])
    assert rows.gaps == {"b": 0}
    assert rows.columns["b"] == [None, 3]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b'{"rows": [{"a": NaN}]}', 400, "no JSON"),
        (b"\xff\xfe", 400, "no JSON"),
        (b"[" * 100_000, 400, "no JSON"),
        (3, 422, "must be an object"),
        ({}, 422, "no rows"),
        ({"rows": ROWS, "records": ROWS}, 422, "both 'rows' and 'records'"),
        ({"rows": {"a": 1}}, 422, "must be a list"),
        ({"rows": [1]}, 422, "row 0 of 'rows' must be an object"),
        ({"inputs": [[1, 2]]}, 422, "row 0 of 'inputs' must be an object"),
        ({"inputs": {"a": 1}}, 422, "column 'a' of 'inputs' must be a list"),
        ({"inputs": {"a": [1], "b": []}}, 422, "0 to 1 cells"),
        ({"split": {"columns": ["a"]}}, 422, "'columns' and 'data'"),
        ({"split": 1}, 422, "'columns' and 'data'"),
        ({"split": {"columns": ["a", "a"], "data": []}}, 422, "column 'a' of 'split' occurs twice"),
        ({"split": {"columns": [1], "data": []}}, 422, "must be names"),
        ({"split": {"columns": ["a"], "data": [[1], [1, 2]]}}, 422, "row 1 of 'split'"),
        ({"rows": ROWS, "params": 3}, 422, "'params' must be an object"),
        ([{}] * 101, 413, "101 rows are too many"),
    ],
)
def test_what_is_no_table_is_named(body, status, said):
    with pytest.raises(RefusedError, match=said) as refused:
        read(body)
    assert refused.value.status == status
