"""What kind of prediction problem a target poses."""

from enum import StrEnum

FORECAST = "forecast"
"""What the user calls a forecast, where a table has its kind of problem.

It is no `ProblemKind`: its rows (origin, series, step) are those of a regression.
"""


class ProblemKind(StrEnum):
    """The kind of problem; the user's option for it is called ``task``."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self is not ProblemKind.REGRESSION
