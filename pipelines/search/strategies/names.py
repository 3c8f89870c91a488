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
    "differentiable",
    "nsga2",
    "random",
    "grid",
)
DIFFERENTIABLE = "differentiable"
"""The strategy that asks a supernet for its first trials, and is guided after them.

It is also the origin of these trials."""
DEFAULT_STRATEGY = "guided"
"""The reasons for it, and how certain they are: docs/decisions/0008."""

ASCENT = "gp+ascent"
"""Origin of a trial that gradient ascent found."""
CANDIDATES = "gp+candidates"
"""Origin of a trial for which 2,000 random candidates beat ascent."""
MUTATION = "mutation"
"""Origin of a trial that guided search found by mutating the best, where all are choices."""


def check_strategy(name: str) -> str:
    """Return the name of a strategy.

    Raises
    ------
    UserError
        There is no such strategy.
    """
    known = ", ".join(STRATEGIES)
    if name not in STRATEGIES:
        raise UserError(f"unknown search {name!r}; choose one of: {known}")
    return name


def no_networks() -> str:
    """Return why there is nothing that a differentiable search could search, and what to do."""
    others = ", ".join(each for each in STRATEGIES if each != DIFFERENTIABLE)
    return (
        f"search {DIFFERENTIABLE!r} is for architectures of networks: it moves the weights of many "
        "at once, and models of tables and forecasts share none; it needs a column of pictures, "
        "the family convnet with the extra 'espalier[deep]', and a time budget that allows for "
        f"networks; otherwise choose one of: {others}"
    )
