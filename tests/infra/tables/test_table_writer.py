import pandas as pd
import pytest

from espalier.infra.tables.table_writer import TableWriter
from espalier.pipelines.errors import UserError

ONE = pd.DataFrame({"id": [1, 2], "text": ["a", 'b, "c"']})
TWO = pd.DataFrame({"id": [3], "text": ["ü"]})


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_chunks_become_one_table(tmp_path, name):
    path = tmp_path / name
    path.write_text("an earlier one")
    with TableWriter(path) as writer:
        writer.write(ONE)
        assert path.read_text() == "an earlier one"  # until all is there
        writer.write(TWO)
    read = pd.read_csv(path) if name.endswith("csv") else pd.read_parquet(path)
    pd.testing.assert_frame_equal(read, pd.concat([ONE, TWO], ignore_index=True), check_dtype=False)
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_nothing_is_left_of_what_failed(tmp_path, name):
    def fail():
        with TableWriter(tmp_path / name) as writer:
            writer.write(ONE)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_changes_its_type(tmp_path):
    def change():
        with TableWriter(tmp_path / "t.parquet") as writer:
            writer.write(ONE)
            writer.write(pd.DataFrame({"id": ["x"], "text": ["y"]}))

    with pytest.raises(UserError, match="changes its type"):
        change()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"), [("t.xlsx", "must end in"), ("no/t.csv", "does not exist")]
)
def test_a_place_that_cannot_be_is_refused_at_once(tmp_path, name, expected):
    with pytest.raises(UserError, match=expected):
        TableWriter(tmp_path / name)
