import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.lifecycle.promotion.comparison import compare_scores, compare_slices
from espalier.pipelines.metrics.catalogue import METRICS, get_metric
from espalier.pipelines.problem import ProblemKind

KINDS = [(name, problem) for name, metric in METRICS.items() for problem in sorted(metric.problems)]


def answers(problem, *, noise, seed=0, n=120):
    """Targets and predictions that are the better the smaller the noise."""
    rng = np.random.default_rng(seed)
    if problem is ProblemKind.REGRESSION:
        y = rng.gamma(3.0, size=n) + 0.5
        return y, np.maximum(y + noise * np.random.default_rng(9).normal(size=n), 0.05)
    k = 2 if problem is ProblemKind.BINARY else 3
    y = rng.integers(0, k, size=n)
    logits = 3.0 * np.eye(k)[y] + 3.0 * noise * np.random.default_rng(9).normal(size=(n, k))
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return y, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("name", "problem"), KINDS)
def test_a_better_model_is_found_better_whatever_the_direction(name, problem):
    metric = get_metric(name, problem)
    y, good = answers(problem, noise=0.05)
    _, bad = answers(problem, noise=1.5)
    found = compare_scores(metric, problem, y, bad, good, seed=0, samples=40)
    assert found.difference > 0
    assert found.low <= found.difference <= found.high or name in ("max_error", "median_ae")
    assert (found.challenger > found.champion) == metric.higher_is_better
    assert found.difference == pytest.approx(metric.sign * (found.challenger - found.champion))


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(
        [
            ("roc_auc", ProblemKind.BINARY),
            ("log_loss", ProblemKind.MULTICLASS),
            ("rmse", ProblemKind.REGRESSION),
        ]
    ),
    st.floats(0.1, 2.0),
    st.floats(0.1, 2.0),
    st.integers(0, 1000),
)
def test_trading_places_turns_the_sign(kind, one, other, seed):
    name, problem = kind
    y, first = answers(problem, noise=one, n=40)
    _, second = answers(problem, noise=other, n=40)
    metric = get_metric(name, problem)
    there = compare_scores(metric, problem, y, first, second, seed=seed, samples=40)
    back = compare_scores(metric, problem, y, second, first, seed=seed, samples=40)
    assert there == compare_scores(metric, problem, y, first, second, seed=seed, samples=40)
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low)
    )
    same = compare_scores(metric, problem, y, first, first, seed=seed, samples=40)
    assert (same.difference, same.low, same.high) == (0, 0, 0)


def test_the_bounds_hold_as_often_as_they_say():
    metric, problem = get_metric("rmse", ProblemKind.REGRESSION), ProblemKind.REGRESSION
    rng = np.random.default_rng(1)
    above = 0
    for seed in range(100):
        y = rng.normal(size=150)
        shared = rng.normal(size=150)
        old, new = y + shared + rng.normal(size=150), y + shared + rng.normal(size=150)
        above += (
            compare_scores(metric, problem, y, old, new, seed=seed, confidence=0.9, samples=200).low
            > 0
        )
    assert 2 <= above <= 22  # 10 are expected of two equally good models


def test_pairing_sees_through_what_is_hard_for_both():
    metric, problem = get_metric("mae", ProblemKind.REGRESSION), ProblemKind.REGRESSION
    rng = np.random.default_rng(0)
    y, hard = rng.normal(size=200), 50 * rng.gamma(0.2, size=200)
    found = compare_scores(metric, problem, y, y + hard + 0.2, y + hard + 0.1, seed=0)
    assert found.low > 0.09


def test_groups_are_drawn_together():
    metric, problem = get_metric("accuracy", ProblemKind.BINARY), ProblemKind.BINARY
    groups = np.repeat(np.arange(6), 40)
    y = np.ones(240, dtype=int)
    right, wrong = np.tile([0.0, 1.0], (240, 1)), np.tile([1.0, 0.0], (240, 1))
    better_in_two = np.where(np.isin(groups, [0, 1])[:, None], right, wrong)
    alone = compare_scores(metric, problem, y, wrong, better_in_two, seed=0, samples=200)
    together = compare_scores(
        metric, problem, y, wrong, better_in_two, seed=0, groups=groups, samples=200
    )
    assert alone.difference == together.difference
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_where_the_metric_is_not_defined_there_is_no_comparison():
    metric, problem = get_metric("roc_auc", ProblemKind.BINARY), ProblemKind.BINARY
    scores = np.tile([0.5, 0.5], (10, 1))
    assert compare_scores(metric, problem, np.zeros(10, dtype=int), scores, scores, seed=0) is None
    y = np.tile([0, 1], 5)
    assert compare_scores(metric, problem, y, scores, scores * np.nan, seed=0) is None
    with pytest.raises(ValueError, match="one a row"):
        compare_scores(metric, problem, y, scores[:3], scores, seed=0)


def test_slices_are_compared_on_their_own_rows():
    metric, problem = get_metric("accuracy", ProblemKind.BINARY), ProblemKind.BINARY
    y = np.tile([0, 1], 50)
    right, wrong = np.eye(2)[y], np.eye(2)[1 - y]
    mixed = np.where(np.arange(100)[:, None] < 60, right, wrong)
    found = compare_slices(
        metric,
        problem,
        y,
        right,
        mixed,
        slices={"region": {"north": np.arange(60), "south": np.arange(60, 100)}},
        seed=0,
        samples=20,
    )
    assert [(each.value, each.n_rows, each.comparison.difference) for each in found] == [
        ("north", 60, 0.0),
        ("south", 40, -1.0),
    ]


def equal_models(rng, n_groups, rows_a_group=50, within=0.0):
    """A target, and two equally good models whose errors are those of the group, mostly."""
    groups = np.repeat(np.arange(n_groups), rows_a_group)
    n = len(groups)
    errors = [rng.normal(size=n_groups)[groups] + within * rng.normal(size=n) for _ in range(2)]
    y = rng.normal(size=n)
    return groups, y, y + errors[0], y + errors[1]


@pytest.mark.parametrize("n_groups", [2, 3, 4, 10, 20])
def test_an_equal_model_is_surely_better_in_five_percent_however_few_groups(n_groups):
    metric, problem = get_metric("rmse", ProblemKind.REGRESSION), ProblemKind.REGRESSION
    rng = np.random.default_rng(n_groups)
    above = below = 0
    for seed in range(200):
        groups, y, old, new = equal_models(rng, n_groups, rows_a_group=3)
        found = compare_scores(metric, problem, y, old, new, seed=seed, groups=groups, samples=60)
        above += found.low > 0
        below += found.high < 0
    assert 1 <= above <= 20  # 10 are expected
    assert 1 <= below <= 20


def test_of_one_group_nothing_is_sure():
    metric, problem = get_metric("rmse", ProblemKind.REGRESSION), ProblemKind.REGRESSION
    groups, y, old, new = equal_models(np.random.default_rng(0), 1)
    found = compare_scores(metric, problem, y, old, new, seed=0, groups=groups)
    assert (found.low, found.high, found.n_groups) == (-np.inf, np.inf, 1)


def test_a_slice_of_four_groups_vetoes_an_equal_model_in_five_percent():
    metric, problem = get_metric("rmse", ProblemKind.REGRESSION), ProblemKind.REGRESSION
    rng = np.random.default_rng(0)
    vetoes = 0
    for seed in range(200):
        groups, y, old, new = equal_models(rng, 8, rows_a_group=4)
        (found,) = compare_slices(
            metric,
            problem,
            y,
            old,
            new,
            slices={"region": {"north": np.flatnonzero(groups < 4)}},
            seed=seed,
            groups=groups,
            samples=60,
        )
        vetoes += found.comparison.high < 0
    assert found.comparison.n_groups == 4
    assert 2 <= vetoes <= 20  # 10 are expected


def test_bounds_of_few_rows_with_heavy_tails_hold():
    metric, problem = get_metric("rmse", ProblemKind.REGRESSION), ProblemKind.REGRESSION
    rng = np.random.default_rng(0)
    above = 0
    for seed in range(200):
        y = np.zeros(30)
        old, new = rng.standard_t(3, size=30), rng.standard_t(3, size=30)
        above += compare_scores(metric, problem, y, old, new, seed=seed, samples=60).low > 0
    assert above <= 20  # 10 are expected


def test_a_class_of_a_single_group_is_no_comparison():
    metric, problem = get_metric("roc_auc", ProblemKind.BINARY), ProblemKind.BINARY
    groups = np.repeat(np.arange(12), 10)
    y = (groups == 0).astype(int)  # one group holds the class
    high = np.random.default_rng(0).random(120)
    scores = np.column_stack([1 - high, high])
    assert compare_scores(metric, problem, y, scores, scores[::-1], seed=0, groups=groups) is None
    y = (groups < 6).astype(int)
    assert compare_scores(metric, problem, y, scores, scores[::-1], seed=0, groups=groups)
