import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.data.row_keys import identified_rows, key_columns, row_keys
from espalier.pipelines.lifecycle.promotion import unseen_rows as unseen
from espalier.pipelines.lifecycle.promotion.unseen_rows import (
    TrainingRows,
    unseen_holdouts,
    unseen_rows,
)

TABLE = pd.DataFrame({"a": np.arange(40), "b": [f"row {at}" for at in range(40)], "y": [0, 1] * 20})


def kept(trained, held_out, table=TABLE, *, with_rows=True):
    keys = row_keys(table)
    return TrainingRows(
        columns=key_columns(table),
        trained=keys[trained],
        held_out=keys[held_out],
        holdout=table.iloc[held_out] if with_rows else None,
    )


PARTS = st.lists(st.sampled_from(["trained", "held out", "unknown"]), min_size=40, max_size=40)


@settings(deadline=None)
@given(PARTS, PARTS, st.booleans())
def test_no_row_was_trained_on_by_either(mine, others, newest_only):
    def split(parts):
        where = np.array(parts)
        return np.flatnonzero(where == "trained"), np.flatnonzero(where == "held out")

    champion, challenger = kept(*split(others)), kept(*split(mine))
    found = unseen_holdouts(champion, challenger, newest_only=newest_only)
    rows = [] if found.table is None else found.table["a"].tolist()
    trained = set(split(mine)[0]) | set(split(others)[0])
    held = set(split(mine)[1]) | (set() if newest_only else set(split(others)[1]))
    assert sorted(rows) == sorted(held - trained)  # each once
    assert found.n_rows == len(rows)

    brought = unseen_rows(TABLE, champion, challenger, seed=0)
    assert set(brought.table["a"]) == set(range(40)) - trained


def test_twins_of_trained_rows_do_not_count():
    table = pd.concat([TABLE, TABLE.head(5)], ignore_index=True)
    model = kept(np.arange(30), np.arange(30, 45), table)
    assert unseen_holdouts(model, model).table["a"].tolist() == list(range(30, 40))


def test_a_row_whose_label_was_corrected_after_training_does_not_count():
    def trained(table, trained, held_out):
        columns, keys = identified_rows(table, "y")
        return TrainingRows(
            columns=columns,
            trained=keys[trained],
            held_out=keys[held_out],
            holdout=table.iloc[held_out],
        )

    corrected = TABLE.assign(y=1 - TABLE["y"])
    champion = trained(TABLE, np.arange(30), np.arange(30, 40))
    challenger = trained(corrected, np.arange(5, 35), [0, 1, 2, 3, 4, 35, 36, 37, 38, 39])
    found = unseen_holdouts(champion, challenger)
    assert sorted(found.table["a"]) == [35, 36, 37, 38, 39]  # each once, by its newest label
    assert found.table["y"].tolist() == corrected["y"].iloc[found.table["a"]].tolist()
    assert set(unseen_rows(corrected, champion, challenger, seed=0).table["a"]) == set(
        range(35, 40)
    )


def test_a_holdout_that_was_not_kept_is_said():
    with_rows = kept(np.arange(30), np.arange(30, 40))
    without = kept(np.arange(30), np.arange(30, 40), with_rows=False)
    found = unseen_holdouts(with_rows, without)
    assert found.n_rows == 10
    assert "challenger was not kept" in found.notes[0]
    assert unseen_holdouts(without, without).n_rows == 0


def test_rows_that_cannot_be_told_are_not_used():
    narrow = TABLE.drop(columns="b")
    champion = kept(np.arange(30), np.arange(30, 40), narrow)
    challenger = kept(np.arange(30), np.arange(30, 40))
    found = unseen_holdouts(champion, challenger)
    assert "lacks 'b'" in found.notes[1]
    assert list(found.table.columns) == ["a", "b", "y"]
    lost = unseen_rows(narrow, champion, challenger, seed=0)
    assert lost.table is None
    assert "lack 'b'" in lost.notes[0]


def test_very_many_rows_are_sampled(monkeypatch):
    monkeypatch.setattr(unseen, "MOST_ROWS", 7)
    model = kept(np.arange(10), np.arange(10, 12))
    found = unseen_rows(TABLE, model, model, seed=1)
    assert found.n_rows == 7
    assert found.table["a"].min() >= 10
    assert found.table["a"].is_unique
    pd.testing.assert_frame_equal(found.table, unseen_rows(TABLE, model, model, seed=1).table)


@pytest.mark.parametrize("dtype", ["float64", "object", "category"])
def test_the_same_rows_of_another_dtype_are_known(dtype):
    model = kept(np.arange(30), np.arange(30, 40))
    read = TABLE.astype({"a": dtype, "b": "category"})[["y", "b", "a"]]
    assert unseen_rows(read, model, model, seed=0).table["a"].tolist() == list(range(30, 40))


def learnt_from_all(rows):
    keys = row_keys(TABLE)
    return TrainingRows(
        columns=key_columns(TABLE), trained=keys[rows], held_out=keys[:0], holdout=None
    )


def test_rows_that_a_model_has_learnt_from_after_they_scored_it_are_never_compared_on():
    champion = learnt_from_all(np.arange(30))
    same_rows = kept(np.arange(24), np.arange(24, 30))
    assert unseen_holdouts(champion, same_rows).table is None
    grown = kept(np.arange(24), np.arange(24, 40))
    found = unseen_holdouts(champion, grown)
    assert found.table["a"].tolist() == list(range(30, 40))  # what came after the champion
    assert "has learnt from its hold-out" in " ".join(found.notes)

    # A challenger that has learnt from everything has nothing to prove itself on but new rows.
    challenger = learnt_from_all(np.arange(40))
    found = unseen_holdouts(same_rows, challenger)
    assert found.table is None
    assert "challenger has learnt from its hold-out" in " ".join(found.notes)
    newer = pd.concat([TABLE, TABLE.assign(a=TABLE["a"] + 100)], ignore_index=True)
    brought = unseen_rows(newer, champion, challenger, seed=0)
    assert sorted(brought.table["a"]) == list(range(100, 140))
