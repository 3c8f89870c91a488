import numpy as np
import pytest

from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.search.strategies.policy.learning import (
    learn_from_critic,
    learn_from_trials,
)
from espalier.pipelines.search.strategies.policy.network import PolicyNetwork
from espalier.pipelines.surrogate.additive import AdditiveProcess
from espalier.pipelines.surrogate.targets import normal_scores
from tests.pipelines.choices_space import choices_space, merit
from tests.pipelines.search.conftest import landscape, new_space


def mean_score(space, policy, state, score):
    drawn = space.decode_many(policy.draw(state, 400, np.random.default_rng(9)))
    return np.mean([score(each) for each in drawn])


@pytest.mark.parametrize("kind", ["choices", "tables"])
def test_it_draws_better_ones_after_learning_from_trials(kind):
    space = choices_space() if kind == "choices" else new_space()
    score = merit if kind == "choices" else landscape(space)
    gained = []
    for seed in range(4):  # sixty trials of a large space may mislead; several sets of them do not
        policy = PolicyNetwork(space, np.random.default_rng(0))
        tried = space.sample(60, np.random.default_rng(seed))
        X = space.encode(tried)
        before = mean_score(space, policy, policy.features(X[:1]), score)
        state = learn_from_trials(policy, X, normal_scores([score(each) for each in tried]))
        gained.append(mean_score(space, policy, state, score) - before)
    assert np.mean(gained) > 0.5


def test_a_critic_moves_it_further_than_the_trials_alone():
    space = choices_space()
    tried = space.sample(30, np.random.default_rng(1))
    X, gains = space.encode(tried), normal_scores([merit(each) for each in tried])
    policy = PolicyNetwork(space, np.random.default_rng(0))
    state = learn_from_trials(policy, X, gains)
    alone = mean_score(space, policy, state, merit)
    critic = AdditiveProcess(space).fit(X, gains)
    objective = Objective(predictor=critic, best=0.0, beta=1.0)
    learn_from_critic(policy, state, objective, np.random.default_rng(2))
    assert mean_score(space, policy, state, merit) > alone


def test_it_depends_on_the_trials_alone():
    space = choices_space()
    tried = space.sample(20, np.random.default_rng(1))
    X, gains = space.encode(tried), normal_scores([merit(each) for each in tried])
    found = []
    for _ in range(2):
        policy = PolicyNetwork(space, np.random.default_rng(0))
        state = learn_from_trials(policy, X, gains)
        found.append(policy.heads(state).outputs)
    np.testing.assert_array_equal(*found)


def test_equal_gains_and_extreme_ones_leave_it_finite():
    space = new_space()
    X = space.encode(space.sample(12, np.random.default_rng(1)))
    policy = PolicyNetwork(space, np.random.default_rng(0))
    for gains in (np.zeros(12), np.linspace(-30, 30, 12)):
        state = learn_from_trials(policy, X, gains)
        assert np.isfinite(policy.heads(state).outputs).all()
        policy.draw(state, 20, np.random.default_rng(0))
