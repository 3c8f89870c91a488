"""What pages call the same thing of a table and of series, and how they write numbers."""

import math
from dataclasses import dataclass

from espalier.pipelines.pages.facts import DataFacts
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

_TASKS = {
    ProblemKind.BINARY: "two-class classification",
    ProblemKind.MULTICLASS: "classification",
    ProblemKind.REGRESSION: "regression",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What a page calls the same thing of a table and of series.

    Attributes
    ----------
    rows : str
        What is scored.
    dummy, baseline : str
        What the model is compared with, and that in a word.
    cross, validated : str
        How trials were scored, as an adjective and after "score".
    all_well : str
        A sentence for a judgement without a reason.
    """

    rows: str
    dummy: str
    baseline: str
    cross: str
    validated: str
    all_well: str


TABLE_WORDS = Words(
    rows="rows",
    dummy="a dummy model",
    baseline="dummy",
    cross="cross-validated",
    validated="in cross-validation",
    all_well="The score comes from rows that neither search nor ensemble saw, its interval is "
    "narrow beside the gain, and no leaking column, repeated row or broken expectation was found.",
)
FORECAST_WORDS = Words(
    rows="values",
    dummy="seasonal naive",
    baseline="seasonal naive",
    cross="at the origins",
    validated="at earlier origins",
    all_well="The score comes from a time that neither search nor ensemble saw, it is clearly "
    "better than repeating the values of a season before, earlier times scored alike, and about as "
    "many values lie between the outer quantiles as should.",
)


def words_of(data: DataFacts) -> Words:
    """Return the words for a table, or for series."""
    return TABLE_WORDS if data.series is None else FORECAST_WORDS


def task_of(data: DataFacts) -> str:
    """Return what is predicted, in a few words."""
    if data.series is None:
        return _TASKS[data.problem]
    return f"forecast of {data.series.horizon} steps ({data.series.frequency})"


def setting(value: Value | None) -> str:
    """Return a hyperparameter's value as text; a dash where it is not active."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def number(value: float | None, digits: int = 5) -> str:
    """Return a number as text with ``digits`` significant digits; empty for None."""
    if value is None or not math.isfinite(value):
        return "" if value is None else str(value)
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"
