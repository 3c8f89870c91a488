"""The rows kept back for early stopping, and the patience with them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.learners.base.inner_split import inner_split
from espalier.pipelines.learners.families.boosting_rounds import Patience
from espalier.pipelines.resources.budget import Deadline


def split(y: np.ndarray, **known: object) -> tuple[np.ndarray, np.ndarray]:
    options = {"classification": True, "groups": None, "times": None, "seed": 0, **known}
    parts = inner_split(y, **options)
    assert parts is not None
    train, valid = parts
    assert sorted([*train, *valid]) == list(range(len(y)))
    return train, valid


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(1, 60), min_size=2, max_size=6), seed=st.integers(0, 99))
def test_every_class_trains(counts: list[int], seed: int) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    parts = inner_split(y, classification=True, groups=None, times=None, seed=seed)
    if parts is None:
        assert len(y) < 20
        return
    train, valid = parts
    assert set(y[train]) == set(range(len(counts)))
    assert 0 < len(valid) < len(y) / 2


def test_groups_stay_together() -> None:
    groups = np.arange(300) // 10
    train, valid = split(np.arange(300) % 2, groups=groups)
    assert not set(groups[train]) & set(groups[valid])


def test_the_newest_rows_validate_and_no_moment_is_torn() -> None:
    times = np.repeat(np.arange(60), 5)[::-1].astype(float)
    train, valid = split(np.arange(300) % 2, times=times)
    assert times[train].max() < times[valid].min()


def test_both_parts_cover_the_range_of_a_numeric_target() -> None:
    y = np.random.default_rng(0).lognormal(0, 2, 400)
    train, valid = split(y, classification=False)
    assert len(valid) == 80
    assert np.median(y[valid]) == pytest.approx(np.median(y[train]), rel=0.3)


@pytest.mark.parametrize(
    ("y", "known"),
    [
        (np.arange(6) % 2, {}),
        (np.arange(40) % 2, {"groups": np.zeros(40)}),
        (np.arange(40) % 2, {"times": np.zeros(40)}),
        ((np.arange(40) > 35).astype(int), {"times": np.arange(40.0)}),
    ],
)
def test_no_split_where_none_makes_sense(y: np.ndarray, known: dict[str, object]) -> None:
    options = {"classification": True, "groups": None, "times": None, "seed": 0, **known}
    assert inner_split(y, **options) is None


def stop_round(losses: list[float], patience: Patience) -> int:
    return next(i for i, loss in enumerate(losses) if patience.stop(i, loss))


def test_patience_ends_and_remembers_the_best() -> None:
    patience = Patience(3, None)
    assert stop_round([5.0, 4.0, 4.5, 4.4, 4.3, 1.0], patience) == 4
    assert patience.best_round == 1


def test_creeping_improvement_is_not_worth_waiting_for() -> None:
    losses = [1.0 - 1e-6 * i for i in range(1_000)]
    patience = Patience(10, None)
    assert stop_round(losses, patience) == 10
    assert patience.best_round == 10


def falling_then_flat(n_falling: int) -> list[float]:
    return [2.0 - min(i, n_falling) / n_falling for i in range(5_000)]


def test_long_fits_are_waited_for_longer() -> None:
    for n_falling, expected in ((10, 30), (1_000, 1_300)):
        assert stop_round(falling_then_flat(n_falling), Patience(20, None, growth=0.3)) == expected


def test_longer_only_while_most_of_the_time_is_left() -> None:
    now = iter(range(10_000))
    deadline = Deadline(3_300.0, lambda: float(next(now)))
    patience = Patience(20, deadline, growth=0.3)
    at = stop_round(falling_then_flat(1_000), patience)
    assert 1_020 <= at < 1_300
    assert not deadline.passed


def test_the_deadline_ends_patience() -> None:
    assert Patience(None, Deadline(0.0, lambda: 1.0)).stop(0, None)
    assert not Patience(None, Deadline(None)).stop(0, None)


@pytest.mark.parametrize("seed", range(50))
def test_few_unequal_groups_never_leave_early_stopping_without_rows(seed: int) -> None:
    y = np.random.default_rng(0).integers(0, 2, 1_000)
    for sizes, n_valid in (([490, 490, 20], 20), ([700] + [10] * 30, 200), ([400, 300, 300], 300)):
        groups = np.repeat(np.arange(len(sizes)), sizes)
        train, valid = split(y, groups=groups, seed=seed)
        assert len(valid) == n_valid
        assert not set(groups[train]) & set(groups[valid])


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 60), min_size=2, max_size=30), seed=st.integers(0, 99))
def test_groups_of_any_sizes_can_stop_early(sizes: list[int], seed: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    parts = inner_split(
        np.arange(len(groups)), classification=False, groups=groups, times=None, seed=seed
    )
    if parts is None:
        assert len(groups) < 10
        return
    assert not set(groups[parts[0]]) & set(groups[parts[1]])
    fit = round(len(groups) * 0.2)
    assert 0 < len(parts[1]) <= max(fit, min(sizes))


def test_with_times_and_groups_both_are_honoured() -> None:
    times = np.arange(1_000.0)
    for groups in (np.arange(1_000) // 20, np.random.default_rng(0).permutation(1_000) % 50):
        parts = inner_split(
            np.zeros(1_000), classification=False, groups=groups, times=times, seed=0
        )
        assert parts is not None
        train, valid = parts
        assert not set(groups[train]) & set(groups[valid])
        assert times[train].max() <= times[valid].max()
    older = np.arange(1_000) // 20
    parts = inner_split(np.zeros(1_000), classification=False, groups=older, times=times, seed=0)
    assert parts is not None
    assert times[parts[0]].max() < times[parts[1]].min()


@pytest.mark.parametrize("grouped", [False, True])
def test_a_newest_moment_with_most_rows_still_leaves_most_rows_to_train_on(grouped: bool) -> None:
    times = np.repeat([1.0, 2.0], [100, 900])
    groups = np.random.default_rng(0).permutation(1_000) % 50 if grouped else None
    parts = inner_split(np.zeros(1_000), classification=False, groups=groups, times=times, seed=0)
    assert parts is not None
    train, valid = parts
    assert len(train) >= 700
    assert len(valid) >= 150
    if groups is None:
        assert set(times[valid]) == {2.0}
    else:
        assert not set(groups[train]) & set(groups[valid])
