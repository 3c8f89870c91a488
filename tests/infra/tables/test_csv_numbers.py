"""Numbers of a text table have one notation in a whole column, told by the whole file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.csv_dialect import sniff
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.parsing.column_plans import plan_column
from espalier.pipelines.data.parsing.decimal_signs import DECIMAL, MARKED, NOTES
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.errors import UserError

COMMA = {"a": NumberStyle(",")}
PLAIN = {"a": NumberStyle(".", is_certain=False)}


def written(number, decimal, thousands, places):
    text = f"{number:,.{places}f}"
    return text.translate(str.maketrans({",": thousands, ".": decimal}))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-9e6, 9e6).map(lambda number: round(number, 3)), min_size=3, max_size=20),
    st.lists(st.integers(-(10**7), 10**7), min_size=3, max_size=20),
    st.sampled_from([(",", "."), (",", "'"), (",", " "), (",", ""), (".", ","), (".", "'")]),
    st.sampled_from([";", "\t", "|"]),
)
def test_numbers_come_back_from_any_notation(tmp_path_factory, fractions, wholes, signs, between):
    decimal, thousands = signs
    n_rows = min(len(fractions), len(wholes))
    fractions, wholes = [0.5, *fractions[:n_rows]], [1, *wholes[:n_rows]]
    lines = [
        between.join([written(a, decimal, thousands, 3), written(b, decimal, thousands, 0)])
        for a, b in zip(fractions, wholes, strict=True)
    ]
    path = tmp_path_factory.mktemp("n") / "t.csv"
    path.write_text("\n".join([f"a{between}b", *lines]) + "\n")
    table = read_table(str(path))
    for name, numbers in (("a", fractions), ("b", wholes)):
        plan = plan_column(name, table[name], table.attrs[DECIMAL])
        np.testing.assert_allclose(plan.read(table[name]).astype(float), numbers)


def table_of(tmp_path, text, **options):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return read_table(str(path), **options)


def test_whole_numbers_are_read_like_the_fractions_beside_them(tmp_path):
    table = table_of(tmp_path, "F;S\n1.050,50;1.050\n3,5;850\n")
    assert table["S"].tolist() == [1050.0, 850.0]
    assert table["F"].tolist() == [1050.5, 3.5]
    table = table_of(tmp_path, "F;S\n1.5;1.050\n3.5;850\n")
    assert table["S"].tolist() == [1.05, 850.0]


def test_what_nothing_tells_is_said_aloud(tmp_path):
    for text, numbers in (
        ("S;x\n1.050;a\n850;b\n", [1050.0, 850.0]),
        ("S;x\n1.050;a\n2.375;b\n", [1.05, 2.375]),
        ("S;x\n1,050;a\n2,375;b\n", [1.05, 2.375]),
    ):
        table = table_of(tmp_path, text)
        assert table["S"].tolist() == numbers
        assert "read both ways" in table.attrs[NOTES][0]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a;b\n20;1\n30;1\n1,234;1\n2,5;2\n", [20, 30, 1.234, 2.5]),
        ("a;b\n20;1\n30;1\n1,234;1\n", [20, 30, 1.234]),
        ("a;b\n20;1\n1.050;1\n", [20, 1050]),
        ("a;b\n2.5;1\n1.050;1\n", [2.5, 1.05]),
    ],
)
def test_a_later_file_is_read_as_the_training_was_wherever_its_commas_begin(
    tmp_path, text, numbers
):
    path = tmp_path / "t.csv"
    path.write_text(text)
    plan = ChunkPlan(cells=2, styles=COMMA)
    chunked = [cell for chunk in read_chunks(str(path), plan=plan) for cell in chunk["a"]]
    assert chunked == numbers
    assert read_table(str(path), styles=COMMA)["a"].tolist() == numbers


def test_a_later_file_that_cannot_be_decided_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n20;1\n1,234;1\n")
    for read in (
        lambda: list(read_chunks(str(path), plan=ChunkPlan(styles=PLAIN))),
        lambda: read_table(str(path), styles=PLAIN),
    ):
        with pytest.raises(UserError, match="'1,234', which may be read"):
            read()
    path.write_text("a;b\n20;1\n1,234;2,5\n")
    assert read_table(str(path), styles=PLAIN)["a"].tolist() == [20.0, 1.234]


def test_labels_are_kept_as_the_file_has_them(tmp_path):
    table = table_of(tmp_path, "y,x\nNA,1\nEU,2\n,3\n", target="y")
    assert table["y"].tolist()[:2] == ["NA", "EU"]
    assert table["y"].isna().tolist() == [False, False, True]
    assert "say 'NA'" in table.attrs[NOTES][0]
    big = 2**53
    table = table_of(tmp_path, f"y,x\n{big + 1},1\n,2\n{big},3\n", target="y")
    assert table["y"].dropna().tolist() == [big + 1, big]
    table = table_of(tmp_path, "y,x\n1.5,1\nNA,2\n2,3\n", target="y")
    assert table["y"].dropna().tolist() == [1.5, 2.0]
    assert table_of(tmp_path, "y,x\nNA,1\nEU,2\n")["y"].isna().tolist() == [True, False]


WHOLE = {"a": NumberStyle(".", is_certain=False, is_whole=True)}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a;b\n20;1\n1.050;1\n", None),
        ("a,b\n20,1\n1.050,1\n", None),
        ("a,b\n20,1\n34.000,1\n", None),
        ("a\tb\n\t1\n34.000\t1\n", None),
        ("a;b\n20;1\n1.050;2.5\n", [20, 1.05]),
        ("a,b\n20,1\n1.050,2.5\n", [20, 1.05]),
        ("a;b\n20;1\n1.050;2,5\n", [20, 1050]),
        ("a;b\n20;1\n1.5;1\n", [20, 1.5]),
        ("a,b\n20,1\n,1\n", [20, np.nan]),
    ],
)
def test_a_point_where_the_training_had_whole_numbers_is_told_by_the_file_or_refused(
    tmp_path, text, numbers
):
    path = tmp_path / "t.csv"
    path.write_text(text)
    plan = ChunkPlan(cells=2, styles=WHOLE | {"b": NumberStyle(is_certain=False)})
    readers = (
        lambda: [cell for chunk in read_chunks(str(path), plan=plan) for cell in chunk["a"]],
        lambda: read_table(str(path), styles=WHOLE)["a"].tolist(),
    )
    for read in readers:
        if numbers is None:
            with pytest.raises(UserError, match="nothing tells which is meant"):
                read()
        else:
            np.testing.assert_array_equal(np.array(read(), dtype=float), numbers)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n34.000,x\n12.000,y\n",
        "a,b\n34.000,x\n,y\n",
        "a;b\n34.000;x\n12.000;y\n",
        "a;b\n1.050;x\n2.375;y\n",
        "a;b\n1.050;x\n850;y\n",
        "a;b\n34,000;x\n12,000;y\n",
        'a,b\n"34.000 kg",x\n"12.000 kg",y\n',
    ],
)
def test_the_file_of_the_training_is_read_again_as_it_was(tmp_path, text):
    table = table_of(tmp_path, text)
    plan = plan_column("a", table["a"], table.attrs[DECIMAL], is_marked="a" in table.attrs[MARKED])
    again = table_of(tmp_path, text, styles={"a": plan.reading.style})
    np.testing.assert_array_equal(plan.read(again["a"]), plan.read(table["a"]))


def test_thousands_that_are_all_round_are_not_read_as_small_numbers(tmp_path):
    table = table_of(tmp_path, "S;x\n850;1\n34.000;2\n12.000;3\n")
    assert table["S"].tolist() == [850.0, 34000.0, 12000.0]
    assert "read both ways" in table.attrs[NOTES][0]
    table = table_of(tmp_path, "S;x\n850;1\n34.000;2\n12.000;0,5\n")
    assert (table["S"].tolist(), table.attrs[NOTES]) == ([850.0, 34000.0, 12000.0], ())


def test_a_point_in_a_file_of_decimal_commas_and_the_reverse(tmp_path):
    table = table_of(tmp_path, "a;b;c;d\n1,5;1.5;1,234;1.234,5\n2,5;0.5;2,345;7\n")
    assert table["b"].tolist() == [1.5, 0.5]
    assert table["c"].tolist() == [1.234, 2.345]
    assert table["d"].tolist() == [1234.5, 7.0]
    table = table_of(tmp_path, "a;b;c\n1,234.5;0.5;1,234\n2,345.5;1.5;2,345\n")
    assert plan_column("c", table["c"], table.attrs[DECIMAL]).read(table["c"]).tolist() == [
        1234.0,
        2345.0,
    ]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_first_line_that_names_the_delimiter_is_no_header(tmp_path, first, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes(f"{first}\r\nGröße;b,c\r\n1,5;x,y,z\r\n2,5;u\r\n".encode(encoding))
    table = read_table(str(path))
    assert table.to_dict("list") == {"Größe": [1.5, 2.5], "b,c": ["x,y,z", "u"]}
    parts = list(read_chunks(str(path), plan=ChunkPlan(cells=2)))
    assert [list(part.columns) for part in parts] == [["Größe", "b,c"]] * 2
    path.write_bytes(f"{first}\r\na;b\r\n1;2\r\n3\r\n".encode(encoding))
    with pytest.raises(UserError, match="line 4: 1 field where the header has 2"):
        read_table(str(path))


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["007", "012", "007"], ["007", "012", "007"]),
        (["1", "01", "2"], ["1", "01", "2"]),
        (["1.1", "1.10", "1.9"], ["1.1", "1.10", "1.9"]),
        (["+1", "-1", "+1"], ["+1", "-1", "+1"]),
        (["TRUE", "FALSE", ""], ["TRUE", "FALSE"]),
        (["true", "false", "true"], ["true", "false", "true"]),
        (["True", "False", "True"], [True, False, True]),
        (["1.0", "2.0", ""], [1.0, 2.0]),
        (["3", "", "4"], [3, 4]),
        (["007", "", "012"], ["007", "012"]),
    ],
)
def test_labels_that_look_like_numbers_are_kept_as_they_are_written(tmp_path, cells, labels):
    lines = "".join(f"{cell},{at}\n" for at, cell in enumerate(cells))
    found = table_of(tmp_path, "y,x\n" + lines, target="y")["y"].dropna()
    assert [(type(each), each) for each in found.tolist()] == [
        (type(each), each) for each in labels
    ]


def test_a_header_in_the_middle_of_the_rows_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\na,b\n5,6\n")
    for read in (
        lambda: read_table(str(path)),
        lambda: list(read_chunks(str(path), plan=ChunkPlan(cells=2))),
    ):
        with pytest.raises(UserError, match="its header again, as row 3 below it"):
            read()
    path.write_text("a,b\na,c\nd,b\n")
    assert len(read_table(str(path))) == 2


@pytest.mark.parametrize(
    ("rows", "decimal"),
    [
        ("01.02.2024;1,5\n31.12.2024;2,5", ","),
        ("1.050;2.375;0,5", ","),
        ("1.234,50;2.345,75", ","),
        ("1.5;2.25;a 1,2 b", "."),
        ("1,234.5;2,345.75", "."),
        ("1.050;2.375", "."),
    ],
)
def test_the_sign_to_try_first_is_that_of_most_numbers(tmp_path, rows, decimal):
    path = tmp_path / "t.csv"
    path.write_text("a;b;c\n" + rows + "\n")
    assert sniff(str(path), tabbed=False).decimal == decimal
