"""Regularised evolution: the best of a random few of the last trials has a child of one mutation.

Real, Aggarwal, Huang and Le, *Regularized evolution for image classifier architecture search*
(AAAI 2019). The population is the last trials that have ended, so that everyone dies of age: a
configuration that was lucky on its folds does not stay a parent for ever. A child differs from its
parent in one choice or one number; what becomes active by that takes its default. Where there are
several families the family is one of the choices: the child keeps what both families have in
common, and the rest is drawn.
"""

import numpy as np

from espalier.pipelines.search.strategies.situation import StrategyContext
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.configuration import Configuration, Value

POPULATION = 30
_TOURNAMENT = 10
_ATTEMPTS = 50


def evolve(situation: StrategyContext, n: int) -> list[Configuration]:
    """Return up to ``n`` children; none before a population is there, or if all are known."""
    observed = observe(situation.history)
    if len(observed.configurations) < POPULATION:
        return []
    people, gains = observed.configurations[-POPULATION:], observed.gains[-POPULATION:]
    rng = situation.rng
    children: dict[Configuration, None] = {}
    for _ in range(_ATTEMPTS * n):
        if len(children) == n:
            break
        drawn = rng.choice(POPULATION, _TOURNAMENT, replace=False)
        child = mutated(situation.space, people[int(drawn[gains[drawn].argmax()])], rng)
        if situation.is_open(child):
            children[child] = None
    return list(children)


def mutated(space: SearchSpace, parent: Configuration, rng: np.random.Generator) -> Configuration:
    """Return a configuration that differs from ``parent`` in one hyperparameter or the family."""
    others = [each for each in space.families if each != parent.family]
    if others and rng.integers(len(parent) + 1) == 0:
        return _moved(space, parent, others[int(rng.integers(len(others)))], rng)
    return space.family_space(parent.family).neighbour(parent, rng)


def _moved(
    space: SearchSpace, parent: Configuration, family: str, rng: np.random.Generator
) -> Configuration:
    """Return a configuration of ``family`` with the preprocessing of ``parent`` where it can be."""
    new = space.family_space(family)
    shared: dict[str, Value] = {}
    for parameter in new.parameters:
        value = parent.get(parameter.name) if parameter.name.startswith("prep_") else None
        if value is not None and (not parameter.choices or value in parameter.choices):
            shared[parameter.name] = value
    return new.complete(shared, rng)
