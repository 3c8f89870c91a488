import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.splits import (
    default_holdout_fraction,
    plan_folds,
    split_holdout,
)
from espalier.pipelines.data.splitting.strata import assign_groups, assign_rows
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind


def classes(y, groups=None, times=None):
    y = np.asarray(y, dtype=np.int64)
    labels = np.arange(int(y.max()) + 1)
    problem = ProblemKind.BINARY if len(labels) == 2 else ProblemKind.MULTICLASS
    return _dataset(y, problem, labels, groups, times)


def numbers(n, groups=None, times=None):
    y = np.random.default_rng(n).normal(size=n) ** 3
    return _dataset(y, ProblemKind.REGRESSION, None, groups, times)


def _dataset(y, problem, labels, groups, times):
    return Dataset(
        X=pd.DataFrame({"x": np.arange(len(y), dtype=float)}),
        y=y,
        problem=problem,
        roles={"x": ColumnRole.NUMERIC},
        classes=labels,
        groups=None if groups is None else np.asarray(groups),
        times=None if times is None else np.asarray(times, dtype=float),
    )


@st.composite
def datasets(draw):
    n = draw(st.integers(4, 120))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    groups = rng.integers(0, draw(st.integers(2, 40)), n) if draw(st.booleans()) else None
    times = rng.integers(0, draw(st.integers(2, 200)), n) if draw(st.booleans()) else None
    if draw(st.booleans()):
        return _dataset(rng.normal(size=n), ProblemKind.REGRESSION, None, groups, times)
    shares = rng.dirichlet(np.full(draw(st.integers(2, 8)), 0.5))
    y = np.unique(rng.choice(len(shares), n, p=shares), return_inverse=True)[1]
    return classes(y, groups, times)


def attempt(function):
    """Return what a function returns, or None and why it refused."""
    try:
        return function(), ""
    except UserError as error:
        return None, str(error)


def check_split(dataset, train, valid):
    assert len(train)
    assert len(valid)
    assert not np.intersect1d(train, valid).size
    for rows in (train, valid):
        assert (np.diff(rows) > 0).all()
        assert rows[0] >= 0
        assert rows[-1] < len(dataset)
    if dataset.groups is not None:
        assert not np.intersect1d(dataset.groups[train], dataset.groups[valid]).size
    if dataset.times is not None and dataset.groups is None:
        assert dataset.times[train].max() < dataset.times[valid].min()


@settings(max_examples=80, deadline=None)
@given(datasets(), st.sampled_from([0.1, 0.2, 0.5]))
def test_a_holdout_never_shares_a_row_a_group_or_a_past(dataset, fraction):
    parts, refusal = attempt(lambda: split_holdout(dataset, fraction=fraction, seed=0))
    if parts is None:
        assert "one group" in refusal or "one moment" in refusal
        return
    search, holdout = parts
    check_split(dataset, search, holdout)
    if dataset.groups is None or dataset.times is None:
        assert len(search) + len(holdout) == len(dataset)
    if dataset.groups is None and dataset.times is None:
        wanted = round(fraction * len(dataset))
        if dataset.problem.is_classification:
            kept = set(dataset.y[search])
            assert kept == set(dataset.y) or dataset.n_classes == len(dataset)
        assert abs(len(holdout) - wanted) <= dataset.n_classes
    again = split_holdout(dataset, fraction=fraction, seed=0)
    assert (again[0] == search).all()


@settings(max_examples=80, deadline=None)
@given(datasets())
def test_folds_never_share_a_row_a_group_or_a_past(dataset):
    plan, refusal = attempt(lambda: plan_folds(dataset, seed=0))
    if plan is None:
        assert "one group" in refusal or "one moment" in refusal
        return
    for fold in plan:
        check_split(dataset, fold.train, fold.valid)
    assert plan.description
    if dataset.groups is None and dataset.times is None:
        times_validated = np.bincount(
            np.concatenate([fold.valid for fold in plan]), minlength=len(dataset)
        )
        assert set(times_validated) <= {0, 2}


@settings(max_examples=40, deadline=None)
@given(datasets(), st.integers(1, 6))
def test_any_number_of_folds_never_shares_a_row_a_group_or_a_past(dataset, n_folds):
    plan, _ = attempt(lambda: plan_folds(dataset, seed=0, n_folds=n_folds))
    if plan is None:
        return
    repeats = 1 if n_folds == 1 or dataset.times is not None else 2
    assert len(plan) <= repeats * max(n_folds, 1)
    for fold in plan:
        check_split(dataset, fold.train, fold.valid)
    again = plan_folds(dataset, seed=0, n_folds=n_folds)
    for one, other in zip(plan, again, strict=True):
        assert (one.valid == other.valid).all()


def test_folds_are_stratified_to_the_row():
    dataset = classes(np.repeat([0, 1, 2], [600, 250, 53]))
    plan = plan_folds(dataset, seed=3)
    counts = np.array([np.bincount(dataset.y[fold.valid], minlength=3) for fold in plan])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert plan.description == "5-fold cross-validation, stratified"


def test_a_holdout_has_its_share_of_every_class_to_the_row():
    dataset = classes(np.repeat([0, 1, 2], [600, 250, 50]))
    _, holdout = split_holdout(dataset, fraction=0.2, seed=3)
    assert np.bincount(dataset.y[holdout]).tolist() == [120, 50, 10]


def test_a_numeric_target_is_spread_over_the_folds():
    dataset = numbers(1000)
    means = [np.median(dataset.y[fold.valid]) for fold in plan_folds(dataset, seed=0)]
    assert np.ptp(means) < 0.1 * dataset.y.std()


def validated_rows(plan):
    return sorted({int(row) for fold in plan for row in fold.valid})


def test_the_only_row_of_a_class_is_trained_on_and_never_validated():
    dataset = classes([0] * 400 + [1] * 300 + [2])
    plan = plan_folds(dataset, seed=0)
    assert all(700 in fold.train for fold in plan)
    assert validated_rows(plan) == list(range(700))
    search, _ = split_holdout(dataset, seed=0)
    assert 700 in search


def test_rows_of_nothing_but_lonely_classes_still_make_folds():
    plan = plan_folds(classes(range(6)), seed=0)
    assert len(validated_rows(plan)) == 6


@pytest.mark.parametrize(
    ("n_rows", "n_folds", "words"),
    [
        (2, 4, "2-fold cross-validation, drawn twice"),
        (100, 10, "5-fold cross-validation, drawn twice"),
        (2000, 5, "5-fold cross-validation"),
        (30_000, 1, "hold-out of 20 %"),
        (400_000, 1, "hold-out of 5 %"),
    ],
)
def test_the_number_of_folds_follows_from_the_rows(n_rows, n_folds, words):
    plan = plan_folds(numbers(n_rows), seed=0)
    assert len(plan) == n_folds
    assert plan.description == words


def test_repeats_are_drawn_anew():
    plan = plan_folds(numbers(100), seed=0)
    assert plan.folds[0].valid.tolist() != plan.folds[5].valid.tolist()


def test_seeds_differ():
    dataset = numbers(1000)
    first, second = plan_folds(dataset, seed=0), plan_folds(dataset, seed=1)
    assert first.folds[0].valid.tolist() != second.folds[0].valid.tolist()


def test_large_tables_hold_out_twenty_thousand_rows():
    assert default_holdout_fraction(1000) == 0.2
    assert default_holdout_fraction(100_000) == 0.2
    assert default_holdout_fraction(1_000_000) == 0.02
    dataset = classes(np.arange(200_000) % 2)
    _, holdout = split_holdout(dataset, fraction=default_holdout_fraction(len(dataset)), seed=0)
    assert len(holdout) == 20_000


def test_folds_go_forward_in_time():
    dataset = numbers(500, times=np.random.default_rng(0).permutation(500))
    plan = plan_folds(dataset, seed=0)
    assert len(plan) == 5
    starts = [dataset.times[fold.valid].min() for fold in plan]
    assert starts == sorted(starts)
    assert dataset.times[plan.folds[-1].valid].max() == 499
    assert len(plan.folds[0].train) == 200


def test_the_newest_rows_are_held_out_and_a_moment_is_not_split():
    times = np.repeat([1.0, 2.0, 3.0, 4.0], [40, 30, 15, 15])
    search, holdout = split_holdout(numbers(100, times=times), fraction=0.2, seed=0)
    assert set(times[holdout]) == {4.0}
    assert len(search) == 85


def test_held_out_groups_are_purged_from_the_past():
    times = np.arange(300.0)
    groups = np.arange(300) // 30
    groups[5] = 9  # an early row of the newest group
    search, holdout = split_holdout(numbers(300, groups, times), fraction=0.1, seed=0)
    assert set(groups[holdout]) == {9}
    assert 5 not in search
    assert len(search) == 269


def test_groups_that_last_throughout_are_held_out_whole():
    times = np.arange(300.0)
    groups = np.arange(300) % 10
    search, holdout = split_holdout(numbers(300, groups, times), fraction=0.2, seed=0)
    assert len(holdout) == 60
    assert len(search) == 240


def test_one_group_or_moment_cannot_be_split():
    for dataset, words in (
        (numbers(50, groups=np.zeros(50)), "one group"),
        (numbers(50, times=np.zeros(50)), "one moment"),
        (numbers(1), "cannot be split"),
    ):
        with pytest.raises(UserError, match=words):
            split_holdout(dataset, seed=0)
        with pytest.raises(UserError, match=words):
            plan_folds(dataset, seed=0)


def test_a_fraction_is_a_share():
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_holdout(numbers(50), fraction=1.0, seed=0)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 6))
def test_dealing_rows_is_even(labels, n_parts):
    labels = np.asarray(labels)
    part = assign_rows(labels, n_parts, np.random.default_rng(0))
    assert np.ptp(np.bincount(part, minlength=n_parts)) <= 1
    for label in np.unique(labels):
        assert np.ptp(np.bincount(part[labels == label], minlength=n_parts)) <= 1


def test_dealing_groups_balances_sizes_and_classes():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 60, 2000)
    labels = (rng.random(2000) < np.where(groups < 20, 0.8, 0.1)).astype(np.int64)
    part = assign_groups(groups, labels, 5, rng)
    sizes = np.bincount(part)
    assert sizes.min() > 0.85 * sizes.max()
    shares = [labels[part == number].mean() for number in range(5)]
    assert np.ptp(shares) < 0.05
    assert all(len(np.unique(part[groups == group])) == 1 for group in range(60))
