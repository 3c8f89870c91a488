"""Forecasts of a hierarchy add up, whatever the way, and the best way is chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.ensemble.horizon.reconcile import (
    BOTTOM_UP,
    COVARIANCE,
    STRUCTURAL,
    VARIANCES,
    Reconciliation,
    choose_reconciliation,
    learn_reconciliation,
)
from espalier.pipelines.forecasting.input.hierarchy import Hierarchy

METHODS = (BOTTOM_UP, STRUCTURAL, VARIANCES, COVARIANCE)
H = 3


def hierarchy(regions: int, stores: int) -> tuple[Hierarchy, tuple[str, ...]]:
    """Return a hierarchy of regions and stores, and the names of all its series."""
    cells = [(f"r{r}", s) for r in range(regions) for s in range(stores)]
    found = Hierarchy.over(("region", "store"), cells)
    return found, tuple(found.cells)


@given(
    regions=st.integers(1, 4),
    stores=st.integers(1, 4),
    seed=st.integers(0, 1000),
    method=st.sampled_from(METHODS),
    floor=st.sampled_from([None, 0.0]),
)
@settings(max_examples=60, deadline=None)
def test_sums_agree(regions: int, stores: int, seed: int, method: str, floor: float | None) -> None:
    rng = np.random.default_rng(seed)
    tree, names = hierarchy(regions, stores)
    order = rng.permutation(len(names))
    names = tuple(names[place] for place in order)
    sums = tree.sums(names)
    residuals = rng.normal(size=(3, len(names), H))
    residuals[rng.random(residuals.shape) < 0.2] = np.nan
    rule = learn_reconciliation(method, residuals, names)
    made = rng.normal(50.0, 60.0, size=(len(names), H))
    scales = rng.uniform(0.1, 100.0, len(names))
    found = rule.adjust(made, sums, names, scales, floor)
    place = {name: row for row, name in enumerate(names)}
    total = found[place["(total)"]]
    by_region = [found[place[f"r{r}"]] for r in range(regions)]
    np.testing.assert_allclose(total, np.sum(by_region, axis=0), rtol=1e-9, atol=1e-9)
    for r in range(regions):
        parts = [found[place[f"r{r}/{s}"]] for s in range(stores)]
        np.testing.assert_allclose(by_region[r], np.sum(parts, axis=0), rtol=1e-9, atol=1e-9)
    if floor is not None:
        assert (found >= floor).all()


@pytest.mark.parametrize("method", METHODS)
def test_forecasts_that_add_up_stay_as_they_are(method: str) -> None:
    rng = np.random.default_rng(0)
    tree, names = hierarchy(2, 3)
    sums = tree.sums(names)
    made = sums.add_up(rng.uniform(1, 9, size=(6, H)))
    rule = learn_reconciliation(method, rng.normal(size=(4, len(names), H)), names)
    np.testing.assert_allclose(rule.adjust(made, sums, names, np.ones(len(names))), made)


def test_mint_is_the_projection_of_its_paper() -> None:
    rng = np.random.default_rng(1)
    tree, names = hierarchy(2, 2)
    sums = tree.sums(names)
    residuals = rng.normal(size=(5, len(names), H))
    rule = learn_reconciliation(COVARIANCE, residuals, names)
    made, scales = rng.normal(size=(len(names), H)), rng.uniform(1, 3, len(names))
    summing = sums.add_up(np.eye(4))
    common = np.stack([rule.factors[name] for name in names]) * scales[:, None]
    diagonal = np.array([rule.variances[name] for name in names]) * scales**2
    inverse = np.linalg.inv(np.diag(diagonal) + common @ common.T)
    best = np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse @ made)
    np.testing.assert_allclose(rule.adjust(made, sums, names, scales), summing @ best, rtol=1e-6)


def test_sure_sums_correct_noisy_parts() -> None:
    rng = np.random.default_rng(2)
    tree, names = hierarchy(1, 12)
    sums = tree.sums(names)
    truth = np.stack([sums.add_up(rng.uniform(50, 100, size=(12, H))) for _ in range(6)])
    noise = np.where(np.isin(np.arange(len(names)), sums.above), 1.0, 20.0)
    # All parts are missed in the same direction, which their sum adds up.
    shock = 15.0 * rng.normal(size=(6, 1, H)) * ~np.isin(np.arange(len(names)), sums.above)[:, None]
    made = truth + shock + noise[:, None] * rng.normal(size=truth.shape)
    scales = np.full((6, len(names)), 10.0)
    rule, nested = choose_reconciliation(made, truth, scales, sums, names)
    assert rule.method in (VARIANCES, COVARIANCE)
    assert rule.losses[rule.method] < 0.7 * rule.losses[BOTTOM_UP]
    assert nested.shape == truth.shape


def test_with_one_origin_nothing_is_judged_by_what_it_learned_from() -> None:
    rng = np.random.default_rng(3)
    tree, names = hierarchy(2, 2)
    made = rng.normal(size=(1, len(names), H))
    rule, _ = choose_reconciliation(
        made, made + 1.0, np.ones((1, len(names))), tree.sums(names), names
    )
    assert set(rule.losses) == {BOTTOM_UP, STRUCTURAL}


def test_a_series_that_was_never_seen_adds_up_too() -> None:
    rng = np.random.default_rng(4)
    _, names = hierarchy(2, 2)
    rule = learn_reconciliation(COVARIANCE, rng.normal(size=(4, len(names), H)), names)
    tree, more = hierarchy(2, 3)
    found = rule.adjust(rng.normal(size=(len(more), H)), tree.sums(more), more, np.ones(len(more)))
    bottom = tree.is_bottom(more)
    np.testing.assert_allclose(found[more.index("(total)")], found[bottom].sum(axis=0))


def test_bottom_up_needs_nothing() -> None:
    tree, names = hierarchy(1, 2)
    made = np.array([[100.0], [50.0], [1.0], [2.0]])
    found = Reconciliation(method=BOTTOM_UP).adjust(made, tree.sums(names), names, np.ones(4))
    np.testing.assert_array_equal(found, [[3.0], [3.0], [1.0], [2.0]])
