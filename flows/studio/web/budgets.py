"""How long a search may take, as forms ask for it."""

from collections.abc import Mapping

from espalier.pipelines.errors import UserError

BUDGETS = (
    ("1m", "1 minute", "a first look"),
    ("10m", "10 minutes", "good for most tables"),
    ("1h", "1 hour", "when it matters"),
)
OWN = "own"


def asked_budget(values: Mapping[str, str]) -> str:
    """Return the time that a form chooses, or that somebody has typed into it.

    Raises
    ------
    UserError
        Another time was chosen, and none given.
    """
    if values["budget"] != OWN:
        return values["budget"]
    if not values["own_budget"]:
        raise UserError("say how long it may take, such as 90s, 30m or 2h")
    return values["own_budget"]
