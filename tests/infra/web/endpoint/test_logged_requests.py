"""The request log read back, with labels that came later."""

import datetime
import json

import numpy as np
import pandas as pd
import pytest

from espalier.infra.web.endpoint.logged_requests import read_requests, with_labels
from espalier.pipelines.errors import UserError


def line(at, request, row, **values):
    return json.dumps({"at": at, "request": request, "row": row, "values": values}) + "\n"


@pytest.fixture
def folder(tmp_path):
    first = line("2026-01-01T00:00:00.000+00:00", "r1", 0, a=1, customer=7)
    first += line("2026-01-02T00:00:00.000+00:00", "r2", 0, a=None, customer=8)
    second = line("2026-01-03T00:00:00.000+00:00", "r3", 0, a=3.5, customer=9)
    second += line("2026-01-03T00:00:00.000+00:00", "r3", 1, a=4, customer="x")
    (tmp_path / "20260101-1.jsonl").write_text(first)
    (tmp_path / "20260103-1.jsonl").write_text(second + '{"at": "2026-01-04T00')
    return tmp_path


def test_rows_come_back_as_they_were_sent(folder, caplog):
    rows = read_requests(folder)
    assert rows.table["customer"].tolist() == [7, 8, 9, "x"]
    np.testing.assert_equal(rows.table["a"].tolist(), [1, np.nan, 3.5, 4])
    assert rows.where["request"].tolist() == ["r1", "r2", "r3", "r3"]
    assert "1 lines cannot be read" in caplog.text


def test_the_latest_rows_or_those_since_a_time(folder):
    assert read_requests(folder, most_rows=3).where["row"].tolist() == [0, 0, 1]
    since = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
    assert read_requests(folder, since=since).where["request"].tolist() == ["r3", "r3"]
    with pytest.raises(UserError, match=r"no request is logged in .* since 2027-01-01 00:00"):
        read_requests(folder, since=datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    with pytest.raises(UserError, match="no request is logged"):
        read_requests(folder / "nothing")


def test_labels_find_their_rows_by_request_or_by_a_shared_column(folder):
    rows = read_requests(folder)
    by_request = pd.DataFrame({"request": ["r3", "r1"], "row": [1, 0], "y": ["no", "yes"]})
    by_column = pd.DataFrame({"customer": ["x", "7", "12"], "y": ["no", "yes", "no"]})
    for labels in (by_request, by_column):
        found = with_labels(rows, labels, "y")
        assert found["y"].fillna("none yet").tolist() == ["yes", "none yet", "none yet", "no"]
        assert len(found) == 4


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"request": ["r1"], "z": [1]}, "no column 'y'"),
        ({"z": [1], "y": [1]}, "nothing in the labels says whose they are"),
        ({"request": ["r1"], "y": [1]}, "some requests had several rows"),
        ({"customer": [7, 7], "y": [1, 2]}, "two labels for the same row"),
    ],
)
def test_labels_that_fit_no_row_for_certain_are_refused(folder, labels, said):
    with pytest.raises(UserError, match=said):
        with_labels(read_requests(folder), pd.DataFrame(labels), "y")
