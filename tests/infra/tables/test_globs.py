import pytest

from espalier.infra.tables.globs import expand_sources
from espalier.pipelines.errors import UserError


@pytest.fixture
def folder(tmp_path):
    for name in ("2026-02.csv", "2026-01.csv", "2025-12.csv", "sub/2026-03.csv", "odd[1].csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("a\n1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("2026-*.csv", ["2026-01.csv", "2026-02.csv"]),
        ("**/2026-0?.csv", ["2026-01.csv", "2026-02.csv", "sub/2026-03.csv"]),
        ("202[56]-1*.csv", ["2025-12.csv"]),
        ("odd[1].csv", ["odd[1].csv"]),  # a file of this very name
        ("not-there.csv", ["not-there.csv"]),  # no pattern: reading it will say what is wrong
    ],
)
def test_a_pattern_is_its_files_in_order(folder, pattern, names):
    assert expand_sources(str(folder / pattern)) == tuple(str(folder / name) for name in names)


def test_a_pattern_of_a_url():
    import fsspec

    for name in ("b.csv", "a.csv"):
        with fsspec.open(f"memory://names/{name}", "w") as file:
            file.write("a\n1\n")
    assert expand_sources("memory://names/*.csv") == (
        "memory:///names/a.csv",
        "memory:///names/b.csv",
    )


def test_a_database_is_no_pattern():
    assert expand_sources("sqlite:///shop[1].db") == ("sqlite:///shop[1].db",)


@pytest.mark.parametrize("pattern", ["*.tsv", "nowhere/*.csv"])
def test_a_pattern_that_matches_nothing(folder, pattern):
    with pytest.raises(UserError, match="no file matches"):
        expand_sources(str(folder / pattern))


def test_a_url_of_an_unknown_kind():
    with pytest.raises(UserError, match="cannot be listed"):
        expand_sources("nothing://bucket/*.csv")
