"""The parts that families share for other targets than the mean."""

import numpy as np
import pytest
from sklearn.linear_model import QuantileRegressor

from espalier.pipelines.learners.base.target_transform import TargetTransform
from espalier.pipelines.learners.families.penalty import Ridge
from espalier.pipelines.learners.losses.leaf_quantiles import LeafQuantiles
from espalier.pipelines.learners.losses.linear_losses import LogLinear, ReweightedQuantile
from espalier.pipelines.learners.losses.network_losses import (
    CrossEntropy,
    LogDeviance,
    QuantileLoss,
    SquaredLoss,
)
from espalier.pipelines.learners.losses.weighted_quantile import segment_quantiles


def test_a_segments_quantile_is_that_of_its_own_values() -> None:
    values = np.array([1.0, 2.0, 3.0, 10.0, 20.0, 5.0])
    row = np.array([0, 0, 0, 1, 1, 2])
    equal = np.ones(6)
    np.testing.assert_allclose(segment_quantiles(values, equal, row, 3, 0.5), [2.0, 15.0, 5.0])
    heavy = np.array([1.0, 1.0, 5.0, 1.0, 0.0, 3.0])
    np.testing.assert_allclose(segment_quantiles(values, heavy, row, 3, 0.5), [3.0, 10.0, 5.0])


def test_a_segments_quantile_does_not_depend_on_the_segments_beside_it() -> None:
    values, weight = np.array([1.0, 2.0]), np.array([0.5 - 1e-7, 0.5 + 1e-7])
    alone = segment_quantiles(values, weight, np.zeros(2, dtype=int), 1, 0.5)
    rows = np.repeat(np.arange(10_000), 2)
    among = segment_quantiles(np.tile(values, 10_000), np.tile(weight, 10_000), rows, 10_000, 0.5)
    assert alone[0] == 2.0
    assert (among == alone[0]).all()


def test_leaves_give_the_quantile_of_all_rows_that_share_them() -> None:
    """As the definition has it: every tree spreads a weight of one over the rows of its leaf."""
    rng = np.random.default_rng(0)
    leaves, y, weight = rng.integers(0, 6, (80, 5)), rng.normal(size=80), rng.uniform(0.5, 2, 80)
    asked = leaves[:7]
    for level in (0.2, 0.5, 0.9):
        found = LeafQuantiles(level).fit(leaves, y, weight).predict(asked)
        for row, answer in zip(asked, found, strict=True):
            mass = np.zeros(len(y))
            for tree, leaf in enumerate(row):
                same = leaves[:, tree] == leaf
                mass[same] += weight[same] / weight[same].sum()
            order = np.argsort(y)
            shares = np.cumsum(mass[order]) / mass.sum()
            below, above = (y[order][np.searchsorted(shares, level + s)] for s in (-0.03, 0.03))
            assert below <= answer <= above


def test_a_large_leaf_keeps_rows_from_all_of_its_range() -> None:
    y = np.random.default_rng(0).permutation(1_000).astype(float)
    for level in (0.1, 0.5, 0.9):
        leaves = np.zeros((1_000, 3), dtype=int)
        found = LeafQuantiles(level).fit(leaves, y, None).predict(leaves[:1])
        assert found[0] == pytest.approx(1_000 * level, abs=60)


@pytest.mark.parametrize("level", [0.2, 0.5, 0.9])
def test_reweighted_ridge_finds_the_linear_quantile(level: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = X[:, 0] + (1 + 0.5 * np.abs(X[:, 1])) * rng.exponential(size=400)
    y = (y - y.mean()) / y.std()
    known = QuantileRegressor(quantile=level, alpha=0.0).fit(X, y).predict(X)
    found = ReweightedQuantile(Ridge(1e-6), level).fit(X, y).predict(X)
    assert np.sqrt(np.mean((found - known) ** 2)) < 0.05
    assert np.mean(y <= found) == pytest.approx(level, abs=0.02)


def test_rows_of_weight_three_count_three_times_in_a_quantile() -> None:
    rng = np.random.default_rng(1)
    X, y, weight = rng.normal(size=(150, 2)), rng.exponential(size=150), rng.integers(1, 4, 150)
    whole = ReweightedQuantile(Ridge(1e-6), 0.7).fit(X, y, sample_weight=weight.astype(float))
    often = ReweightedQuantile(Ridge(1e-6), 0.7).fit(np.repeat(X, weight, 0), np.repeat(y, weight))
    np.testing.assert_allclose(whole.predict(X), often.predict(X), atol=0.02)


def test_a_log_linear_model_finds_the_mean_of_counts() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_000, 2))
    mean = np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1])
    y = rng.poisson(mean) / mean.mean()
    found = LogLinear(1e-6, power=1.0).fit(X, y).predict(X) * mean.mean()
    assert np.std(np.log(found / mean)) < 0.1
    # Where the deviance is least, the mean of the predictions is that of the target.
    assert found.mean() == pytest.approx(y.mean() * mean.mean(), rel=0.01)


@pytest.mark.parametrize(
    "loss",
    [QuantileLoss(0.5), QuantileLoss(0.9), LogDeviance(1.0), LogDeviance(1.5), SquaredLoss()],
)
def test_a_networks_gradient_is_the_slope_of_its_loss(loss) -> None:
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(200, 1)).astype(np.float32)
    target = rng.gamma(2.0, size=(200, 1)).astype(np.float32)
    far = np.abs(outputs - target)[:, 0] > 0.1  # away from the pinball loss's rounded corner
    step = np.float32(1e-2)
    ahead, back = loss.values(outputs + step, target), loss.values(outputs - step, target)
    slope = (ahead - back) / (2 * step) / (2 if isinstance(loss, SquaredLoss) else 1)
    np.testing.assert_allclose(loss.gradient(outputs, target)[far, 0], slope[far], atol=2e-2)


def test_cross_entropy_is_that_of_the_softmax() -> None:
    outputs, target = np.zeros((1, 4), dtype=np.float32), np.eye(4, dtype=np.float32)[:1]
    assert CrossEntropy().values(outputs, target)[0] == pytest.approx(np.log(4))
    np.testing.assert_allclose(
        CrossEntropy().gradient(outputs, target), [[-0.75, 0.25, 0.25, 0.25]]
    )


def test_a_transform_comes_back_and_never_below_zero() -> None:
    y = np.array([0.0, 1.0, 1e6])
    for transform in (TargetTransform(), TargetTransform(unit=3.0), TargetTransform(on_log=True)):
        np.testing.assert_allclose(transform.backward(transform.forward(y)), y)
    assert TargetTransform().forward(y) is y
    assert TargetTransform(on_log=True).backward(np.array([-3.0]))[0] == 0.0
    assert np.isfinite(TargetTransform(on_log=True).backward(np.array([1e9]))).all()
