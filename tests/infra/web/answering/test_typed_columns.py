"""Files come as their content; a path would be one of the server's own."""

import numpy as np
import pandas as pd
import pytest

from espalier.infra.web.answering.raw_rows import RawRows
from espalier.infra.web.answering.refusals import RefusedError
from espalier.infra.web.answering.served_columns import SMALL_PICTURE, served_columns
from espalier.infra.web.answering.typed_columns import TypedColumns, typed_columns
from espalier.pipelines.data.parsing.dates import ISO
from espalier.pipelines.data.parsing.readings import ColumnPlan, DateReading, NumberReading
from espalier.pipelines.data.parsing.roles import ColumnRole


class FileReading:
    """Reads the length of a file; can take contents along, as the reading of pictures can."""

    def carry(self, series):
        return series

    def read(self, series):
        return np.array([float(len(cell)) for cell in series])


FILES = ColumnPlan("photo", ColumnRole.NUMERIC, FileReading())


@pytest.mark.parametrize("cell", ["/etc/passwd", "photo.png", "file:///etc/passwd", 3, True])
def test_a_path_is_not_opened(cell):
    rows = RawRows.of_records([{"photo": "data:,a"}, {"photo": cell}])
    with pytest.raises(RefusedError, match="column 'photo', row 1: send the file's content"):
        typed_columns(rows, [FILES])


def test_contents_are_left_to_the_model():
    contents = ["data:image/png;base64,AAAA", None, b"\x89PNG"]
    rows = RawRows.of_table(pd.DataFrame({"photo": contents}))
    assert typed_columns(rows, [FILES]).columns["photo"].tolist() == contents
    (column,) = served_columns([FILES], pd.DataFrame({"photo": [b"secret"]}))
    assert (column.kind, column.example) == ("file", SMALL_PICTURE)


@pytest.mark.parametrize("pattern", [None, ISO, "%Y-%m-%d", "%Y-%m-%d %H:%M", "%d/%m/%Y", "%m.%Y"])
def test_plain_dates_are_read_as_the_reading_reads_them(pattern):
    plan = ColumnPlan("day", ColumnRole.DATETIME, DateReading(pattern=pattern))
    cells = ["2024-03-04", "2024-12-31 23:59", "1999-01-02T03:04:05.678", None]
    read = typed_columns(RawRows({"day": cells}, 4), [plan]).columns["day"]
    one_by_one = [plan.read(pd.Series([cell], dtype=object))[0] for cell in cells]
    np.testing.assert_array_equal(read, np.array(one_by_one))
    assert read.dtype == "datetime64[ns]"


def test_rows_of_several_requests_are_joined_in_their_order():
    plan = ColumnPlan("x", ColumnRole.NUMERIC, NumberReading())
    parts = [
        typed_columns(RawRows({"x": cells}, len(cells)), [plan]) for cells in ([1], [], [2, 3])
    ]
    assert TypedColumns.joined(parts).columns["x"].tolist() == [1.0, 2.0, 3.0]
    assert TypedColumns.joined(parts[1:2]).n_rows == 0
