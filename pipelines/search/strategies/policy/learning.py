"""Train a policy on the trials so far, and on what a predictor says of others.

From trials: policy gradient (REINFORCE, Williams 1992) with a moving average of the gains as
baseline, in the clipped form and with the entropy bonus of proximal policy optimisation (Schulman
et al. 2017). The trials are gone through in their order, a few at a time, so that the policy that
comes out depends on them alone and nothing has to be kept between two proposals.

From a predictor (the *critic*): configurations are drawn from the policy, and its weights follow
the gradient of the critic's upper confidence bound in them.
"""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.learners.families.network import Adam
from espalier.pipelines.search.strategies.policy.network import PolicyNetwork

Array = NDArray[np.float64]

_BATCH, _EPOCHS = 5, 3
_RATE = 0.05
_CLIP = 0.2
_ENTROPY = 0.05
_MEMORY = 0.9
"""Weight of the earlier trials in the baseline."""
_CRITIC_STEPS, _CRITIC_DRAWS = 12, 16
_CRITIC_RATE = 0.1
_BETA_2 = 0.99


def learn_from_trials(policy: PolicyNetwork, X: Array, gains: Array) -> Array:
    """Train on trials in their order; return the features of the state to propose from, (1, o).

    Parameters
    ----------
    policy : PolicyNetwork
        Changed in place.
    X : array, shape (n, d)
        Encoded configurations, in the order of their trials.
    gains : array, shape (n,)
        Normal scores of their ranks, larger is better.
    """
    optimiser = Adam(policy.weights.arrays(), 0.0, _BETA_2)
    features = policy.features(X)
    n = len(gains)
    # The state at a trial is the best configuration before it; at the first, the first itself.
    leader = np.zeros(n + 1, dtype=np.int64)
    for place in range(1, n + 1):
        last = leader[place - 1]
        leader[place] = place - 1 if gains[place - 1] > gains[last] else last
    advantage = gains - _baseline(gains)
    for start in range(0, n, _BATCH):
        stop = min(start + _BATCH, n)
        rows = np.arange(start, stop)
        # A batch is proposed at once, from what is known before its first trial.
        states = features[np.full(len(rows), leader[start])]
        before, _ = policy.log_probability(policy.heads(states), X[rows])
        for _ in range(_EPOCHS):
            heads = policy.heads(states)
            log, slope = policy.log_probability(heads, X[rows])
            ratio = np.exp(np.clip(log - before, -5.0, 5.0))
            gain = advantage[rows]
            inside = np.where(gain >= 0, ratio < 1.0 + _CLIP, ratio > 1.0 - _CLIP)
            by_output = (inside * ratio * gain)[:, None] * slope
            by_output += _ENTROPY * policy.entropy_slope(heads, X[rows])
            _climb(optimiser, policy.gradient(heads, states, by_output), len(rows), _RATE)
    return features[leader[n] : leader[n] + 1]


def learn_from_critic(
    policy: PolicyNetwork, state: Array, objective: Objective, rng: np.random.Generator
) -> None:
    """Move the policy to where a differentiable predictor expects more.

    Parameters
    ----------
    policy : PolicyNetwork
        Changed in place.
    state : array, shape (1, o)
        Features of the state to propose from.
    objective : Objective
        What the critic says of encoded configurations.
    rng : Generator
        Draws configurations.
    """
    optimiser = Adam(policy.weights.arrays(), 0.0, _BETA_2)
    for _ in range(_CRITIC_STEPS):
        X = policy.draw(state, _CRITIC_DRAWS, rng)
        states = np.repeat(state, len(X), axis=0)
        heads = policy.heads(states)
        _, slope = objective.value_and_gradient(X)
        by_output = policy.through(heads, X, slope) + _ENTROPY * policy.entropy_slope(heads, X)
        gradient = policy.gradient(heads, states, by_output)
        _climb(optimiser, gradient, len(X), _CRITIC_RATE)


def _climb(optimiser: Adam, gradient: list[Array], rows: int, rate: float) -> None:
    """Step up the mean gradient of so many rows."""
    optimiser.step([-each / rows for each in gradient], rate)


def _baseline(gains: Array) -> Array:
    """Return the moving average of the gains before each trial, shape (n,)."""
    level = np.empty(len(gains))
    average = float(gains[0])
    for place, gain in enumerate(gains):
        level[place] = average
        average = _MEMORY * average + (1.0 - _MEMORY) * float(gain)
    return level
