import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording import store as store_module
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.schema import (
    COLUMNS,
    MIGRATIONS,
    VERSION_KEY,
    from_table,
    migrate,
    to_table,
)
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.trials.configuration import Configuration

values = st.dictionaries(
    st.sampled_from(["strength", "flag", "depth", "prep_scaling"]),
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    max_size=4,
)


@given(st.lists(st.tuples(values, st.none() | st.floats(-1e9, 1e9)), max_size=6))
@settings(max_examples=50, deadline=None)
def test_a_table_gives_back_what_it_was_made_of(maker, pairs):
    dataset = maker.dataset(0)
    knowledge = KnowledgeBase.of(
        maker.record(dataset, Configuration.of("linear", given), score, number=number)
        for number, (given, score) in enumerate(pairs)
    )
    again = from_table(to_table(knowledge), where="here")
    assert again == knowledge
    for mine, theirs in zip(knowledge.records, again.records, strict=True):
        kinds = [
            list(map(type, dict(each.result.trial.configuration).values()))
            for each in (mine, theirs)
        ]
        assert kinds[0] == kinds[1]


@pytest.fixture
def store(tmp_path):
    return ExperienceStore(tmp_path / "experience.parquet")


def records(maker, n, first=0):
    dataset = maker.dataset(0)
    return [
        maker.record(
            dataset, Configuration.of("linear", {"strength": float(k)}), 0.5 + k / 100, number=k
        )
        for k in range(first, first + n)
    ]


def test_appending_keeps_what_was_there_and_the_file_before(maker, store):
    assert len(store.read()) == 0
    store.append(records(maker, 3))
    assert not store.backup_path.exists()
    before = store.path.read_bytes()
    assert len(store.append(records(maker, 3, first=2))) == 5
    assert len(store.read()) == 5
    assert store.backup_path.read_bytes() == before
    assert {each.name for each in store.path.parent.iterdir()} == {
        "experience.parquet",
        "experience.parquet.bak",
    }


def test_appending_what_is_known_writes_nothing(maker, store):
    store.append(records(maker, 3))
    before = store.path.stat().st_mtime_ns
    store.append(records(maker, 2))
    assert store.path.stat().st_mtime_ns == before
    assert not store.backup_path.exists()


def test_anybody_can_read_it_as_a_tidy_table(maker, store):
    store.append(records(maker, 4))
    frame = pd.read_parquet(store.path)
    assert set(COLUMNS) <= set(frame.columns)
    assert frame["quantile"].tolist() == [0.125, 0.375, 0.625, 0.875]
    assert frame["meta_log_rows"].nunique() == 1
    assert frame["family"].eq("linear").all()


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_damaged_file_is_refused_and_left_as_it_is(maker, store, damage):
    store.append(records(maker, 3))
    store.append(records(maker, 4))
    whole = store.path.read_bytes()
    store.path.write_bytes(
        {"cut": whole[: len(whole) // 2], "text": b"hello", "empty": b""}[damage]
    )
    spoiled = store.path.read_bytes()
    for act in (store.read, lambda: store.append(records(maker, 9))):
        with pytest.raises(UserError, match=r"damaged.*\.bak"):
            act()
    assert store.path.read_bytes() == spoiled
    assert len(ExperienceStore(store.backup_path).read()) == 3


def test_a_writer_that_dies_leaves_the_old_file(maker, store, monkeypatch):
    store.append(records(maker, 3))

    def die(table, where, **_):
        where.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(store_module.pq, "write_table", die)
    with pytest.raises(OSError, match="no space"):
        store.append(records(maker, 9))
    assert len(store.read()) == 3
    assert not list(store.path.parent.glob(".*"))


def rewrite(store, change):
    pq.write_table(change(pq.read_table(store.path)), store.path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.replace_schema_metadata({}), "no experience of Espalier"),
        (lambda t: t.replace_schema_metadata({VERSION_KEY: b"99"}), "newer Espalier.*99.*upgrade"),
        (lambda t: t.replace_schema_metadata({VERSION_KEY: b"0"}), "version 0.*cannot migrate"),
        (lambda t: t.drop_columns(["seconds"]), "lacks the column 'seconds'"),
        (
            lambda t: t.set_column(
                t.schema.get_field_index("score"), "score", t["score"].cast(pa.string())
            ),
            "'score'.*string, not double",
        ),
        (
            lambda t: t.set_column(
                t.schema.get_field_index("values"),
                "values",
                pa.array(["{"] * len(t), pa.string()),
            ),
            "row 1 .*cannot be read",
        ),
        (
            lambda t: t.set_column(
                t.schema.get_field_index("family"),
                "family",
                pa.array(["svm"] * len(t), pa.string()),
            ),
            "row 1 .*digest",
        ),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_lost(maker, store, change, said):
    store.append(records(maker, 3))
    rewrite(store, change)
    before = store.path.read_bytes()
    with pytest.raises(UserError, match=said):
        store.append(records(maker, 9))
    assert store.path.read_bytes() == before


def test_an_older_version_is_migrated_step_by_step(maker, store, monkeypatch):
    store.append(records(maker, 3))
    # A version 0 that called a column otherwise; version 1 did not know what a table is about.
    rewrite(
        store,
        lambda t: (
            t.drop_columns("about")
            .rename_columns({"seconds": "duration"})
            .replace_schema_metadata({VERSION_KEY: b"0"})
        ),
    )
    old = store.path.read_bytes()
    steps = {0: lambda table: table.rename_columns({"duration": "seconds"}), **MIGRATIONS}
    monkeypatch.setattr(
        store_module, "migrate", lambda table, *, where: migrate(table, where=where, steps=steps)
    )
    assert len(store.read()) == 3
    assert len(store.append(records(maker, 4))) == 4
    monkeypatch.undo()
    assert len(store.read()) == 4
    assert store.path.with_name("experience.parquet.v0.bak").read_bytes() == old
