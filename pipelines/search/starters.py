"""The first trials: a strong default of each family, the best bets first."""

from collections.abc import Sequence

import numpy as np

from pipelines.configuration import Configuration
from pipelines.space.joint import SearchSpace
from pipelines.surrogate.cost import CostModel

# Unlike each other and each strong somewhere, so that a good model comes early; then families of
# the user's own, then the rest.
LEADERS = ("lightgbm", "linear", "extra_trees", "catboost")
_FOLLOWERS = ("xgboost", "random_forest", "mlp", "svm", "knn", "bayes")
# Time is short when one of the leaders would take more than this share of what a trial may take.
_SHORT_SHARE = 0.25


def starters(
    space: SearchSpace, costs: CostModel, expected_seconds_limit: float | None
) -> tuple[Configuration, ...]:
    """Return every family's default, in the order to try them.

    Where time is short (many rows), the cheapest of all goes first and the leaders by their cost:
    there must be some model within seconds, whatever happens to the others.

    Parameters
    ----------
    space : SearchSpace
        The families in play.
    costs : CostModel
        Predicts their seconds.
    expected_seconds_limit : float or None
        Seconds that a trial may be expected to take; None when time does not matter.
    """
    own = tuple(name for name in space.families if name not in LEADERS + _FOLLOWERS)
    leaders = _present(LEADERS, space)
    followers = own + _present(_FOLLOWERS, space)
    if expected_seconds_limit is not None:
        names = leaders + followers
        logs = costs.log_seconds([space.default(name) for name in names])
        seconds = dict(zip(names, np.exp(logs), strict=True))
        if any(seconds[name] > _SHORT_SHARE * expected_seconds_limit for name in leaders):
            by_cost = sorted(names, key=seconds.__getitem__)
            ordered = [by_cost[0], *sorted(leaders, key=seconds.__getitem__), *by_cost]
            return tuple(space.default(name) for name in dict.fromkeys(ordered))
    return tuple(space.default(name) for name in leaders + followers)


def _present(names: Sequence[str], space: SearchSpace) -> tuple[str, ...]:
    return tuple(name for name in names if name in space.families)
