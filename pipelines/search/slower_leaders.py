"""Longer training of the winners: what a search tries when it expects nothing more of its space.

Boosters with smaller steps and more rounds are seldom worse, and take as much longer; a search that
weighs gains by their seconds leaves them to the end. So they come when it would end before its
time: each leading booster once more with smaller steps, and again where that was better.
"""

from collections.abc import Collection

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import effective
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

BOOSTERS = ("lightgbm", "catboost", "xgboost")
"""Families whose smaller steps mean more rounds, until early stopping ends them."""
SLOWER = 2.5
"""What a learning rate is divided by."""
LEADING_FAMILIES = 4
"""A booster behind so many families has no part in the ensemble that would be worth the time."""
_RATE = "learning_rate"


def slower_leaders(
    history: History, space: SearchSpace, pending: Collection[Configuration] = ()
) -> list[Configuration]:
    """Return the best configuration of each leading booster with smaller steps, if it is new.

    None is left once the slower ones are no better, or as slow as the space allows.

    Parameters
    ----------
    history : History
        Trials that have ended.
    space : SearchSpace
        The search space, whose bounds hold.
    pending : collection of Configuration
        Configurations that are running.
    """
    taken = {effective(each) for each in (*history.configurations, *pending)}
    leaders: dict[str, Configuration] = {}
    for result in sorted(history.successes, key=history.gain, reverse=True):
        configuration = result.trial.configuration
        if len(leaders) < LEADING_FAMILIES and result.trial.variant is None:
            leaders.setdefault(configuration.family, configuration)
    found = []
    for family, configuration in leaders.items():
        if family not in BOOSTERS or family not in space.families or _RATE not in configuration:
            continue
        rate = float(configuration[_RATE]) / SLOWER
        slower = space.complete(family, dict(configuration) | {_RATE: rate})
        if effective(slower) not in taken:
            found.append(slower)
    return found
