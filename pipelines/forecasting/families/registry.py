"""The registry of forecasters: each family with its space, its factory and its expected cost.

They are `Learner`s as those of tables, so that space, search, trials and executors need not know
what a forecast is. Their problem is regression: of the rows (series, origin, step).
"""

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.families.definitions import FORECASTERS, REDUCTIONS
from espalier.pipelines.learners.base.learner import Learner

# Share of zeros from which on families for intermittent demand are tried.
_ZERO_SHARE = 0.3


def families_for(names: "tuple[str, ...] | None", *, zero_share: float) -> tuple[Learner, ...]:
    """Return the families of these names; None for all that suit series with so many zeros.

    Raises
    ------
    UserError
        A name is unknown.
    """
    return forecasters(names, intermittent=zero_share > _ZERO_SHARE)


def forecasters(names: "tuple[str, ...] | None", *, intermittent: bool) -> tuple[Learner, ...]:
    """Return the families of these names; None for all that suit the series.

    Parameters
    ----------
    names : tuple of str or None
        Names of families.
    intermittent : bool
        Whether many values are 0; families for that are left out otherwise.

    Raises
    ------
    UserError
        A name is unknown.
    """
    known = {each.name: each for each in (*FORECASTERS, *REDUCTIONS)}
    if names is None:
        return tuple(e for e in FORECASTERS if intermittent or e.name != "intermittent")
    for name in names:
        if name not in known:
            raise UserError(f"unknown family {name!r} of forecasters; choose of {', '.join(known)}")
    return tuple(known[name] for name in names)
