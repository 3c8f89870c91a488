import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.splits import split_holdout
from espalier.pipelines.lifecycle.retraining.stable_holdout import keep_holdout
from espalier.pipelines.problem import ProblemKind


def dataset(n_rows, *, seed=0, groups=None, times=None, n_classes=2):
    rng = np.random.default_rng(seed)
    return Dataset(
        X=pd.DataFrame({"x": rng.normal(size=n_rows)}),
        y=rng.integers(0, n_classes, n_rows),
        problem=ProblemKind.BINARY if n_classes == 2 else ProblemKind.MULTICLASS,
        roles={"x": ColumnRole.NUMERIC},
        classes=np.arange(n_classes),
        groups=groups,
        times=times,
    )


def before(n_rows, n_old, seed=0):
    """Return which of the first ``n_old`` rows an earlier training used, and which it held."""
    trained, held = np.zeros(n_rows, bool), np.zeros(n_rows, bool)
    search, holdout = split_holdout(dataset(n_old, seed=seed), fraction=0.2, seed=seed)
    trained[search], held[holdout] = True, True
    return trained, held


@settings(max_examples=60, deadline=None)
@given(st.integers(100, 300), st.integers(0, 300), st.integers(0, 5), st.integers(2, 4))
def test_what_was_held_stays_held_and_what_was_learned_stays(n_old, n_new, seed, n_classes):
    n_rows = n_old + n_new
    trained, held = before(n_rows, n_old, seed)
    data = dataset(n_rows, seed=seed, n_classes=n_classes)
    split = keep_holdout(data, was_trained=trained, was_held=held, fraction=0.2, seed=7)
    in_holdout = np.zeros(n_rows, bool)
    in_holdout[split.holdout] = True
    assert not (in_holdout & trained).any()
    # A class with no other row than a held one gives it to the search.
    assert (held & ~in_holdout).sum() <= n_classes
    assert np.array_equal(np.sort(np.concatenate([split.search, split.holdout])), np.arange(n_rows))
    assert set(np.unique(data.y[split.search])) == set(np.unique(data.y))
    assert split.n_kept + split.n_new == len(split.holdout)


def test_a_small_table_keeps_its_holdout_when_a_row_is_added():
    trained, held = before(123, 122)
    split = keep_holdout(dataset(123), was_trained=trained, was_held=held, fraction=0.2, seed=0)
    assert (split.n_kept, split.n_new) == (24, 0)


def test_new_rows_are_split_as_ever():
    trained, held = before(1200, 200)
    split = keep_holdout(dataset(1200), was_trained=trained, was_held=held, fraction=0.2, seed=0)
    assert split.n_kept == 40
    assert split.n_new == 200  # a fifth of the thousand
    assert "40 hold-out rows are kept, 200 new rows join them" in split.note


def test_a_window_that_lost_its_holdout_takes_more_of_the_new_rows():
    trained, held = before(300, 200)
    keep = ~held
    split = keep_holdout(
        dataset(int(keep.sum())),
        was_trained=trained[keep],
        was_held=held[keep],
        fraction=0.2,
        seed=0,
    )
    assert (split.n_kept, split.n_new) == (0, 50)  # half of the new ones, none that was learned


def test_with_nothing_left_to_keep_all_rows_are_split_anew():
    trained = np.ones(200, bool)
    held = np.zeros(200, bool)
    split = keep_holdout(dataset(200), was_trained=trained, was_held=held, fraction=0.2, seed=0)
    assert len(split.holdout) == 40
    assert split.n_new == split.n_kept == 0
    assert "split anew" in split.note


def test_a_row_that_was_both_counts_as_seen():
    trained, held = before(400, 300)
    held |= trained & (np.arange(400) < 20)
    split = keep_holdout(dataset(400), was_trained=trained, was_held=held, fraction=0.2, seed=0)
    assert not trained[split.holdout].any()


def test_groups_stay_whole():
    groups = np.arange(400) // 4
    trained, held = np.zeros(400, bool), np.zeros(400, bool)
    trained[:240], held[240:300] = True, True
    trained[240] = True  # a group that was seen in part counts as seen
    split = keep_holdout(
        dataset(400, groups=groups), was_trained=trained, was_held=held, fraction=0.2, seed=0
    )
    assert not set(groups[split.search]) & set(groups[split.holdout])
    assert not np.isin(np.arange(240, 244), split.holdout).any()
    assert np.isin(np.arange(244, 300), split.holdout).all()


def test_with_times_the_newest_rows_are_held_out():
    trained, held = np.arange(300) < 160, (np.arange(300) >= 160) & (np.arange(300) < 200)
    data = dataset(300, times=np.arange(300, dtype=float))
    split = keep_holdout(data, was_trained=trained, was_held=held, fraction=0.2, seed=0)
    assert split.holdout.tolist() == list(range(240, 300))
    assert split.n_new == 60


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_splits_alike(seed):
    trained, held = before(500, 300)
    one, two = (
        keep_holdout(dataset(500), was_trained=trained, was_held=held, fraction=0.2, seed=seed)
        for _ in range(2)
    )
    assert np.array_equal(one.holdout, two.holdout)
