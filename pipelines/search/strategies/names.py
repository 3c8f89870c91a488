"""Names of the search strategies, in a module that the command line can load quickly."""

from espalier.pipelines.errors import UserError

STRATEGIES = (
    "guided",
    "gp",
    "neural",
    "forest",
    "tpe",
    "evolution",
    "policy",
    "policy+critic",
    "local",
    "nsga2",
    "random",
    "grid",
)
OF_NETWORKS = "differentiable"
"""The strategy that trains many architectures of networks at once; it is not there."""
DEFAULT_STRATEGY = "guided"
"""The reasons for it, and how certain they are: docs/decisions/0008."""

ASCENT = "gp+ascent"
"""Origin of a trial that gradient ascent found."""
CANDIDATES = "gp+candidates"
"""Origin of a trial for which 2,000 random candidates beat ascent."""
MUTATION = "mutation"
"""Origin of a trial that guided search found by mutating the best, where all are choices."""


def check_strategy(name: str) -> str:
    """Return the name of a strategy that searches tables and forecasts.

    Raises
    ------
    UserError
        There is no such strategy.
    """
    known = ", ".join(STRATEGIES)
    if name == OF_NETWORKS:
        raise UserError(
            f"search {name!r} is for architectures of networks, and not there yet: it moves the "
            "weights of all of them at once, and models of tables and forecasts share none; "
            f"choose one of: {known}"
        )
    if name not in STRATEGIES:
        raise UserError(f"unknown search {name!r}; choose one of: {known}")
    return name
