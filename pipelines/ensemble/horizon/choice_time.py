"""How much of a budget is for the choice of a forecast's weights."""

from espalier.pipelines.resources.budget import Budget

_SHARE, _AT_MOST = 0.12, 20.0


def choice_seconds(budget: Budget) -> float:
    """Return the seconds of a budget that are kept for the choice of weights."""
    return 0.0 if budget.seconds is None else min(_SHARE * budget.seconds, _AT_MOST)
