"""Names of the search strategies, in a module that the command line can load quickly."""

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
DEFAULT_STRATEGY = "guided"
"""The reasons for it, and how certain they are: docs/decisions/0008."""

ASCENT = "gp+ascent"
"""Origin of a trial that gradient ascent found."""
CANDIDATES = "gp+candidates"
"""Origin of a trial for which 2,000 random candidates beat ascent."""
MUTATION = "mutation"
"""Origin of a trial that guided search found by mutating the best, where all are choices."""
