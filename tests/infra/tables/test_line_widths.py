"""Rows of a text table that do not fit its header are refused with their line number."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.line_widths import CheckedLines
from espalier.infra.tables.sources import read_table
from espalier.pipelines.errors import UserError

FAULTS = {
    "more in the first row": (b"a,b\n1,2,3\n1,2\n", "line 2: 3 fields"),
    "more in every row": (b"a,b\n1,2,\n1,2,\n", "line 2: 3 fields"),
    "fewer": (b"a,b\n1,2\n\n3\n4,5\n", "line 4: 1 field "),
    "fewer after a text of two lines": (b'a,b\n"x\ny",2\n3\n', "line 4: 1 field "),
    "fewer behind returns": (b"a,b\r\n1,2\r\n3\r\n", "line 3: 1 field "),
    "cut off within quotes": (b'a,b\n1,2\n3,"x', "never ends"),
    "cut off within a row": (b"a,b,c\n1,2,3\n4,5", "line 3: 2 fields"),
    "cut off within a character": ("a,b\né,ü\n1,é".encode()[:-1], "middle of a character"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_row_that_does_not_fit_is_refused_with_its_line(tmp_path, name):
    content, said = FAULTS[name]
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    for read in (read_table, lambda source: list(read_chunks(source, plan=ChunkPlan(cells=2)))):
        with pytest.raises(UserError, match=said) as caught:
            read(str(path))
        assert "\n" not in str(caught.value)


def test_a_file_that_was_filled_up_with_zeros_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    for n_rows, said in ((1, "not text"), (70_000, "not fully written")):
        path.write_bytes(b"a,b\n" + b"1,2\n" * n_rows + b"\x00" * 9)
        with pytest.raises(UserError, match=said):
            read_table(str(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_row_that_does_not_fit_is_found_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes("é;b\n1;2\n1\n".encode(encoding))
    with pytest.raises(UserError, match="line 3"):
        read_table(str(path))


def test_quotes_blank_lines_and_a_missing_last_line_end_are_no_fault(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'"a,c",b\n\n5" pipe,"say ""x"", y"\n   \n"two\r\nlines",1')
    assert read_table(str(path)).shape == (2, 2)


FIELDS = st.text(alphabet='ab"\n\r,; é', max_size=5)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(FIELDS, min_size=width, max_size=width), min_size=2, max_size=8
        )
    ),
    st.sampled_from([",", ";"]),
    st.integers(1, 40),
)
def test_what_a_program_writes_fits_in_blocks_of_any_size(rows, delimiter, size):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    content = text.getvalue().encode()
    assert read_through(content, delimiter, size) == content
    if len(rows[0]) > 1:
        last = content + b'"x"\r\n'
        with pytest.raises(UserError, match=f"1 field where the header has {len(rows[0])}"):
            read_through(last, delimiter, size)


def read_through(content, delimiter, size):
    file = CheckedLines(io.BytesIO(content), delimiter=delimiter, encoding="utf-8", shown="t")
    parts = []
    while block := file.read(size):
        parts.append(block)
        file.raise_fault()
    file.raise_fault()
    return b"".join(parts)
