"""The strategies a user can ask for; apart, so that a command line need not load them."""

STRATEGIES = ("guided", "gp", "neural", "forest", "tpe", "evolution", "random", "grid")
DEFAULT_STRATEGY = "guided"
"""Why this one, and how sure that is: docs/decisions/0008."""

ASCENT = "gp+ascent"
"""Origin of a trial that gradient ascent found."""
CANDIDATES = "gp+candidates"
"""Origin of a trial for which 2,000 random candidates beat ascent."""
