"""The initial design: each family's default configuration, the most promising first.

After the defaults come the starters of the leaders, where time is not short.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import makes_many_columns
from espalier.pipelines.surrogate.cost import CostModel
from espalier.pipelines.trials.configuration import Configuration

# Different from each other and each strong somewhere, so that a good model comes early; then the
# user's own families, then the rest.
LEADERS = ("lightgbm", "linear", "extra_trees", "catboost")
_FOLLOWERS = ("xgboost", "random_forest", "mlp", "svm", "knn", "bayes")
# Of pictures a network has made what a linear model needs; trees, which split one number at a
# time, come last.
_LEADERS_OF_PICTURES = ("linear", "convnet", "mlp", "bayes", "svm")
_FOLLOWERS_OF_PICTURES = (
    "knn", "extra_trees", "lightgbm", "catboost", "xgboost", "random_forest",
)  # fmt: skip
# On a table's own columns, beside pictures.
_LEADERS_OF_OTHERS = ("lightgbm", "linear", "extra_trees")
_FIRST_OF_PICTURES = 4
# Time is short when one of the leaders would take more than this share of what a trial may take.
_SHORT_SHARE = 0.25
# Then this many of the leaders that can stop early are tried first, in any case.
_SURE = 2


@dataclass(frozen=True, slots=True)
class InitialDesign:
    """Each family's default configuration, in the order to try them.

    Attributes
    ----------
    configurations : tuple of Configuration
        One per family.
    n_sure : int
        Number of the first ones that must be tried whatever their expected cost.
    starters : tuple of Configuration
        Others of the leaders that are worth an early trial; none where time is short.
    """

    configurations: tuple[Configuration, ...]
    n_sure: int = 0
    starters: tuple[Configuration, ...] = ()


def initial_design(
    space: SearchSpace,
    costs: CostModel,
    expected_seconds_limit: float | None,
    *,
    leaders_only: bool = False,
) -> InitialDesign:
    """Return every family's default, in the order to try them.

    Where time is short (many rows), leaders that can stop early come first: they are sure to give
    some model within their limit, however wrong their estimates. Then the others by their cost.

    Parameters
    ----------
    space : SearchSpace
        The search space.
    costs : CostModel
        Predicts their seconds.
    expected_seconds_limit : float or None
        Seconds that a trial may be expected to take; None when time does not matter.
    leaders_only : bool
        Leave out the other built-in families if a leader is in the space: experience tells where
        they are worth a trial.
    """
    of_pictures = space.shape.is_of_pictures
    first = _LEADERS_OF_PICTURES if of_pictures else LEADERS
    # Experience may hold no trial of a family that another one stands for: it is always tried.
    like_others = tuple(each.name for each in space.learners if each.resembles is not None)
    known = first + LEADERS + like_others + _FOLLOWERS
    own = tuple(name for name in space.families if name not in known)
    names = _present(first, space) + like_others + own
    if not (leaders_only and names):
        names += _present(_FOLLOWERS_OF_PICTURES if of_pictures else _FOLLOWERS, space)
    defaults = {name: space.default(name) for name in names}
    if of_pictures:
        return _of_pictures(space, costs, defaults, expected_seconds_limit)
    if expected_seconds_limit is not None:
        logs = costs.log_seconds(list(defaults.values()))
        seconds = dict(zip(names, np.exp(logs), strict=True))
        leaders = [name for name in first if name in defaults]
        if any(seconds[name] > _SHORT_SHARE * expected_seconds_limit for name in leaders):
            anytime = {each.name for each in space.learners if each.anytime}
            sure = [name for name in leaders if name in anytime][:_SURE]
            ordered = dict.fromkeys([*sure, *sorted(names, key=seconds.__getitem__)])
            return InitialDesign(tuple(defaults[name] for name in ordered), len(sure))
    starters = [each for name in first + own if name in defaults for each in space.starters(name)]
    starters.sort(key=makes_many_columns)  # they cost several times as much, so they come last
    if expected_seconds_limit is not None and starters:
        most = _SHORT_SHARE * expected_seconds_limit
        fits = np.exp(costs.log_seconds(starters)) <= most
        starters = [
            each
            for each, fit in zip(starters, fits, strict=True)
            if fit or not makes_many_columns(each)
        ]
    return InitialDesign(tuple(defaults.values()), starters=tuple(starters))


def _of_pictures(
    space: SearchSpace,
    costs: CostModel,
    defaults: Mapping[str, Configuration],
    expected_seconds_limit: float | None,
) -> InitialDesign:
    """Return the defaults of a table with pictures, with what no family has as its default.

    Where there are other columns, models of these alone come first: they take a moment, and
    whatever happens to the pictures, the table's own columns are never lost. After the leaders
    comes a linear model on all numbers, if its default is one of fewer. Of these first ones the
    quickest is tried in any case.
    """
    alone = [
        space.complete(name, {"prep_vectors": "none"})
        for name in _LEADERS_OF_OTHERS
        if space.shape.has_others_beside_pictures and name in defaults
    ]
    ordered = list(defaults.values())
    if "linear" in defaults:
        place = sum(each.family in _LEADERS_OF_PICTURES for each in ordered)
        ordered.insert(place, space.complete("linear", {"prep_vectors": "all"}))
    found = list(dict.fromkeys([*alone, *ordered]))
    if expected_seconds_limit is None:
        return InitialDesign(tuple(found))
    seconds = np.exp(costs.log_seconds(found))
    first = min(range(len(found)), key=lambda at: (at >= _FIRST_OF_PICTURES, seconds[at]))
    # A network is worth its time, and stops in time; another worker tries the rest.
    of_pixels = {each.name for each in space.learners if each.preprocessing.pixels}
    networks = [each for each in found if each.family in of_pixels and each != found[first]]
    rest = [each for each in found if each != found[first] and each not in networks]
    return InitialDesign((found[first], *networks, *rest), n_sure=1 + len(networks))


def _present(names: Sequence[str], space: SearchSpace) -> tuple[str, ...]:
    return tuple(name for name in names if name in space.families)
