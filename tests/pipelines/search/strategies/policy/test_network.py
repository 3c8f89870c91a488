import numpy as np
import pytest

from espalier.pipelines.search.strategies.policy.network import PolicyNetwork
from tests.pipelines.choices_space import cells, choices_space, conditional
from tests.pipelines.search.conftest import new_space


def spaces():
    return {"choices": choices_space(cells, conditional), "tables": new_space()}


@pytest.fixture(params=["choices", "tables"], scope="module")
def space(request):
    return spaces()[request.param]


@pytest.fixture
def policy(space):
    return PolicyNetwork(space, np.random.default_rng(0))


def rows(space, n=12):
    return space.encode(space.sample(n, np.random.default_rng(3)))


def total(policy, X, states):
    return policy.log_probability(policy.heads(states), X)[0].sum()


def test_what_it_draws_is_valid(space, policy):
    X = rows(space)
    drawn = policy.draw(policy.features(X[:1]), 50, np.random.default_rng(0))
    again = space.encode(space.decode_many(drawn))
    np.testing.assert_allclose(again, drawn, atol=1e-3)  # numbers have five digits
    assert len({each.family for each in space.decode_many(drawn)}) == len(space.families)


def test_draws_come_as_often_as_their_probability_says():
    space = choices_space(conditional)
    policy = PolicyNetwork(space, np.random.default_rng(0))
    state = policy.features(space.encode([space.default("conditional")]))
    drawn = policy.draw(state, 20_000, np.random.default_rng(1))
    unique, count = np.unique(drawn, axis=0, return_counts=True)
    states = np.repeat(state, len(unique), axis=0)
    log, _ = policy.log_probability(policy.heads(states), unique)
    assert np.exp(log).sum() == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(np.exp(log), count / 20_000, atol=0.012)


def test_the_gradient_is_that_of_the_log_probability(space, policy):
    X = rows(space)
    states = policy.features(X[::-1].copy())
    heads = policy.heads(states)
    _, slope = policy.log_probability(heads, X)
    gradient = policy.gradient(heads, states, slope)
    rng = np.random.default_rng(0)
    for array, found in zip(policy.weights.arrays(), gradient, strict=True):
        direction = rng.normal(size=array.shape)
        before = total(policy, X, states)
        array += 1e-6 * direction
        measured = (total(policy, X, states) - before) / 1e-6
        array -= 1e-6 * direction
        assert (found * direction).sum() == pytest.approx(measured, rel=2e-3, abs=2e-3)


def test_the_entropy_slope_points_to_the_even_policy():
    space = choices_space()
    policy = PolicyNetwork(space, np.random.default_rng(0))
    X = rows(space, 1)
    state = policy.features(X)
    for _ in range(300):
        heads = policy.heads(state)
        policy.weights.bias += 0.5 * policy.entropy_slope(heads, X)[0]
    share = policy.heads(state).probabilities[0][1:]
    np.testing.assert_allclose(share, 0.25, atol=0.03)


def test_at_first_it_likes_what_the_state_has(space, policy):
    X = rows(space, 40)
    own = policy.log_probability(policy.heads(policy.features(X)), X)[0]
    other = policy.log_probability(policy.heads(policy.features(np.roll(X, 1, axis=0))), X)[0]
    assert own.mean() > other.mean()
