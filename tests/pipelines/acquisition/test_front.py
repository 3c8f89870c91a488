import numpy as np
import pytest

from espalier.pipelines.acquisition.front import (
    CostLevels,
    FrontObjective,
    front_of,
    hypervolume,
)


class Given:
    """A predictor whose two inputs are its mean and its deviation."""

    def predict(self, X):
        return X[:, 0], X[:, 1]

    def predict_gradient(self, X):
        by_mean, by_std = np.zeros_like(X), np.zeros_like(X)
        by_mean[:, 0], by_std[:, 1] = 1.0, 1.0
        return X[:, 0], X[:, 1], by_mean, by_std


def volume_by_chance(costs, gains, worst_gain=0.0, n=100_000):
    """Return the volume below the front, by counting random limits on the costs in [0, 1]."""
    limits = np.random.default_rng(0).random((n, costs.shape[1]))
    best = np.full(n, worst_gain)
    for cost, gain in zip(costs, gains, strict=True):
        best = np.maximum(best, np.where((limits >= cost).all(axis=1), gain, worst_gain))
    return float((best - worst_gain).mean())


def points(k, n=12):
    rng = np.random.default_rng(k)
    return rng.random((n, k)), rng.random(n)


def test_the_front_is_what_nothing_beats():
    costs = np.array([[1.0], [2.0], [2.0], [3.0], [0.5], [1.0]])
    gains = np.array([0.5, 0.7, 0.8, 0.6, 0.1, 0.5])
    assert front_of(costs, gains).tolist() == [4, 0, 2]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_hypervolume_is_that_of_the_points_below_the_front(k):
    costs, gains = points(k)
    exact = hypervolume(costs, gains, worst_costs=np.ones(k), worst_gain=0.0)
    assert exact == pytest.approx(volume_by_chance(costs, gains), abs=0.005)


def test_points_beyond_the_reference_add_nothing():
    costs, gains = points(2)
    whole = hypervolume(costs, gains, worst_costs=np.full(2, 0.6), worst_gain=0.3)
    inside = (costs < 0.6).all(axis=1) & (gains > 0.3)
    part = hypervolume(costs[inside], gains[inside], worst_costs=np.full(2, 0.6), worst_gain=0.3)
    assert whole == pytest.approx(part)
    assert hypervolume(costs, gains, worst_costs=np.zeros(2), worst_gain=0.0) == 0.0


@pytest.mark.parametrize("k", [1, 2])
def test_the_expected_gain_in_volume_is_exact(k):
    costs, gains = points(k)
    reference = {"worst_costs": np.ones(k), "worst_gain": 0.0}
    before = hypervolume(costs, gains, **reference)
    rng = np.random.default_rng(5)
    new, at = rng.random((3, k)), np.array([[0.6, 0.2], [0.3, 0.1], [0.9, 0.3]])
    objective = FrontObjective(
        predictor=Given(),
        costs=lambda X: new[: len(X)],
        levels=CostLevels.of(costs, gains, **reference),
        best=1.0,
    )
    for place, (mean, std) in enumerate(at):
        drawn = mean + std * rng.standard_normal(2_000)
        grown = [
            hypervolume(np.vstack([costs, new[place]]), np.append(gains, gain), **reference)
            for gain in drawn
        ]
        expected = np.mean(grown) - before
        found = np.exp(objective.value(at)[place])
        assert found == pytest.approx(expected, rel=0.1, abs=2e-4)


def test_the_slopes_are_those_of_the_values():
    costs, gains = points(2)
    levels = CostLevels.of(costs, gains, worst_costs=np.ones(2), worst_gain=0.0)
    new = np.array([[0.3, 0.2], [0.6, 0.1], [0.2, 0.7]])
    objective = FrontObjective(
        predictor=Given(), costs=lambda X: new[: len(X)], levels=levels, best=1.0
    )
    at = np.array([[0.5, 0.3], [0.4, 0.1], [-3.0, 0.2]])
    value, slope = objective.value_and_gradient(at)
    for column in range(2):
        moved = at.copy()
        moved[:, column] += 1e-6
        np.testing.assert_allclose(
            (objective.value(moved) - value) / 1e-6, slope[:, column], rtol=1e-3
        )


def test_what_cannot_be_built_is_never_chosen_and_the_hopeless_can_be_told_apart():
    costs, gains = points(1)
    levels = CostLevels.of(costs, gains, worst_costs=np.ones(1), worst_gain=0.0)
    new = np.array([[np.inf], [0.5], [0.5]])
    objective = FrontObjective(
        predictor=Given(), costs=lambda X: new[: len(X)], levels=levels, best=1.0
    )
    value, slope = objective.value_and_gradient(np.array([[9.0, 1.0], [-40.0, 0.5], [-41.0, 0.5]]))
    assert value[0] == -np.inf
    assert value[1] > value[2] > -np.inf
    assert np.isfinite(slope[0]).all()


def test_without_any_point_the_whole_volume_is_to_be_gained():
    levels = CostLevels.of(
        np.empty((0, 1)), np.empty(0), worst_costs=np.array([2.0]), worst_gain=0.0
    )
    np.testing.assert_allclose(levels.volumes(np.array([[0.5], [3.0]])), [[1.5], [0.0]])


def test_four_costs_are_refused():
    with pytest.raises(ValueError, match="one to 3 costs"):
        CostLevels.of(np.ones((1, 4)), np.ones(1), worst_costs=np.ones(4), worst_gain=0.0)
