"""Fewer passes over the rows where a trial has no time for all of them."""

from collections.abc import Collection, Sequence

import numpy as np

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.cost import CostModel
from espalier.pipelines.trials.configuration import Configuration

# Of what a trial may take; estimates are rough, and a schedule that ends early is worth less.
_SHARE = 0.9


def with_passes_that_fit(
    space: SearchSpace,
    configurations: Sequence[Configuration],
    costs: CostModel,
    expected_seconds_limit: float | None,
    taken: Collection[Configuration],
) -> list[Configuration]:
    """Return the configurations, with fewer passes where they would take too long.

    A rate schedule that spans fewer passes ends with a better model than one that is cut off.

    Parameters
    ----------
    space : SearchSpace
        The search space.
    configurations : sequence of Configuration
        First trials of a search; of any family.
    costs : CostModel
        Predicts their seconds.
    expected_seconds_limit : float or None
        Seconds that a trial may be expected to take; None when time does not matter.
    taken : collection of Configuration
        Those proposed before. What differs from one of them in the number of passes at most is left
        out: the time that is left, and so that number, changes from batch to batch.
    """
    if expected_seconds_limit is None:
        return list(configurations)
    passes = {each.name: each.passes for each in space.learners if each.passes is not None}
    found = []
    for configuration in configurations:
        name = passes.get(configuration.family)
        if name is None:
            found.append(configuration)
            continue
        if any(_differ_in_passes_at_most(configuration, each, name) for each in taken):
            continue
        seconds = float(np.exp(costs.log_seconds([configuration])[0]))
        share = _SHARE * expected_seconds_limit / max(seconds, 1e-9)
        if share < 1.0:
            values = dict(configuration)
            values[name] = max(
                _fewest(space, configuration.family, name), int(share * int(values[name]))
            )
            configuration = space.complete(configuration.family, values)
        found.append(configuration)
    return found


def _fewest(space: SearchSpace, family: str, name: str) -> int:
    parameters = space.family_space(family).parameters
    return int(next(each.low for each in parameters if each.name == name))


def _differ_in_passes_at_most(one: Configuration, other: Configuration, name: str) -> bool:
    """Whether two configurations are the same, or the same but for the number of passes."""
    if one.family != other.family:
        return False
    mine, theirs = dict(one), dict(other)
    mine.pop(name, None)
    theirs.pop(name, None)
    return mine == theirs
