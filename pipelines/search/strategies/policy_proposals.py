"""Proposals of a policy, alone or with a predictor as its critic."""

import numpy as np

from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.search.strategies.policy.learning import (
    learn_from_critic,
    learn_from_trials,
)
from espalier.pipelines.search.strategies.policy.network import PolicyNetwork
from espalier.pipelines.search.strategies.predictors import fitted_process
from espalier.pipelines.search.strategies.situation import StrategyContext
from espalier.pipelines.seeds import generator
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.configuration import Configuration

START = 10
"""Trials before a policy is asked."""
_DRAWS = 64
_ROUNDS = 4
_OPTIMISM = 1.0  # standard deviations that the critic adds to its mean


def follow_policy(situation: StrategyContext, n: int, *, with_critic: bool) -> list[Configuration]:
    """Return up to ``n`` configurations drawn from a policy trained on the trials so far.

    Parameters
    ----------
    situation : StrategyContext
        The search; below `START` trials nothing is proposed.
    n : int
        Number of proposals.
    with_critic : bool
        Whether a predictor corrects the policy, and chooses among what is drawn from it.
    """
    space = situation.space
    observed = observe(situation.history)
    if len(observed.configurations) < START:
        return []
    with limit_threads(1):
        # The first embeddings are the same for all batches of a run: what is learned stays true.
        policy = PolicyNetwork(space, generator(situation.root, "policy"))
        state = learn_from_trials(policy, space.encode(observed.configurations), observed.gains)
        if not with_critic:
            return _drawn(situation, policy, state, n)
        predictor = fitted_process(situation)
        if situation.pending:
            predictor = predictor.believe(space.encode(situation.pending))
        objective = Objective(predictor=predictor, best=0.0, beta=_OPTIMISM)
        picks: list[Configuration] = []
        for _ in range(n):
            learn_from_critic(policy, state, objective, situation.rng)
            pick = _best(situation, policy, state, objective, picks)
            if pick is None:
                break
            picks.append(pick)
            predictor = predictor.believe(space.encode([pick]))
            objective = objective.with_predictor(predictor)
        return picks


def _drawn(
    situation: StrategyContext, policy: PolicyNetwork, state: np.ndarray, n: int
) -> list[Configuration]:
    picks: list[Configuration] = []
    seen: set[bytes] = set()
    for _ in range(_ROUNDS):
        for row in policy.draw(state, _DRAWS, situation.rng):
            if len(picks) == n:
                return picks
            # A policy that is sure of itself draws the same over and over.
            if row.tobytes() in seen:
                continue
            seen.add(row.tobytes())
            configuration = situation.space.decode(row)
            if situation.is_open(configuration):
                picks.append(configuration)
    return picks


def _best(
    situation: StrategyContext,
    policy: PolicyNetwork,
    state: np.ndarray,
    objective: Objective,
    taken: list[Configuration],
) -> Configuration | None:
    """Return the draw that the critic likes best, of those that may be tried."""
    X = np.unique(policy.draw(state, _DRAWS, situation.rng), axis=0)
    for place in np.argsort(-objective.value(X), kind="stable"):
        configuration = situation.space.decode(X[place])
        if configuration not in taken and situation.is_open(configuration):
            return configuration
    return None
