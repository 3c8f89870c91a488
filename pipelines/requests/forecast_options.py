"""The options of a training that make it a forecast of series.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.form import NameList, OptionalText
from espalier.pipelines.search.strategies.names import DIFFERENTIABLE, no_networks

DEFAULT_QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LONGEST_HORIZON = 10_000


def _levels(value: Any) -> Any:
    """Return different levels, ascending, of a comma-separated text or of a list."""
    if value is None:
        return ()
    given = value.split(",") if isinstance(value, str) else value
    try:
        levels = [float(each) for each in given if str(each).strip()]
    except (TypeError, ValueError):
        raise UserError(f"quantiles {value!r} are no numbers; write them as 0.1,0.5,0.9") from None
    if len(set(levels)) < len(levels) or not all(0 < each < 1 for each in levels):
        raise UserError(f"quantiles must be different numbers between 0 and 1, not {value!r}")
    return tuple(sorted(levels))


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Horizon = Annotated[
    int | None,
    Field(
        title="Horizon",
        description="Number of steps to forecast: the table is then a history of series, with a "
        "time column. Empty to predict rows of a table.",
    ),
]
SeriesColumn = Annotated[
    OptionalText,
    Field(
        title="Series column",
        description="Column that tells the series of a forecast apart; empty for a single series.",
    ),
]
Step = Annotated[
    OptionalText,
    BeforeValidator(_text),
    Field(
        title="Frequency",
        description="Step from one time of a forecast to the next, such as D, MS or 15min; a whole "
        "number for times that are numbers. Empty to infer it.",
    ),
]
KnownCovariates = Annotated[
    NameList,
    Field(
        title="Known covariates",
        description="Columns whose future is known when a forecast is made, such as prices.",
    ),
]
Season = Annotated[
    int | None,
    Field(
        title="Season",
        description="Steps after which the pattern of the series repeats; empty to find it.",
    ),
]
Quantiles = Annotated[
    tuple[float, ...],
    BeforeValidator(_levels),
    PlainSerializer(list, when_used="json"),
    Field(
        title="Quantiles",
        description="Quantiles of a forecast, such as 0.1,0.5,0.9; empty for 0.1 to 0.9.",
    ),
]

PastCovariates = Annotated[
    NameList,
    Field(
        title="Past covariates",
        description="Columns that are known only as far as the values, such as visitors; their "
        "future is never asked for.",
    ),
]
Static = Annotated[
    NameList,
    Field(
        title="Static covariates",
        description="Columns that have one value for each series, such as the kind of a shop.",
    ),
]
HolidayPlaces = Annotated[
    NameList,
    Field(
        title="Holidays",
        description="Countries, or parts of them, whose public holidays are known covariates: DE, "
        "DE-BY, US. Needs the package holidays.",
    ),
]
HierarchyLevels = Annotated[
    NameList,
    Field(
        title="Hierarchy",
        description="Columns that the series add up by, the widest first, such as region,store: "
        "sums are forecast too, and all forecasts add up.",
    ),
]
Wide = Annotated[
    bool,
    Field(
        title="Wide",
        description="The table has a column for each series, beside that of the times; the target "
        "is then what their values are called.",
    ),
]

FORECAST_FIELDS = (
    "horizon",
    "series_column",
    "freq",
    "known_covariates",
    "season",
    "quantiles",
    "past_covariates",
    "static",
    "holidays",
    "hierarchy",
    "wide",
)

# An option of a forecast that is not given.
UNSET = (None, (), False)

# Options of tables, and what a forecast has in their place.
_OF_TABLES: Mapping[str, str] = {
    "group_column": "series are never mixed",
    "weight_column": "series are weighed by the metric",
    "folds": "models are chosen on the last horizons",
    "interpretable": "name readable families instead, such as ets",
    "max_latency_ms": "a forecast has no such limit",
    "max_size_mb": "a forecast has no such limit",
    "max_operations": "a forecast has no such limit",
    "objectives": "forecasts are chosen by their score",
    "prefer": "forecasts are chosen by their score",
}


def check_forecast_options(
    values: Mapping[str, Any], *, columns: Sequence[tuple[str, Any]]
) -> None:
    """Refuse options that contradict each other.

    Parameters
    ----------
    values : mapping of str to object
        Options of the training by name.
    columns : sequence of (role, name)
        The columns that a forecast uses.

    Raises
    ------
    UserError
        An option cannot be; the message names it.
    """
    horizon = values["horizon"]
    if horizon is None:
        given = [each for each in FORECAST_FIELDS if values[each] not in UNSET]
        if given:
            raise UserError(
                f"--{given[0].replace('_', '-')} is an option of forecasts; give --horizon too, "
                "the number of steps to forecast"
            )
        return
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise UserError(f"the horizon must be from 1 to {LONGEST_HORIZON} steps, not {horizon}")
    if values["season"] is not None and values["season"] < 1:
        raise UserError(f"the season must be at least 1 step, not {values['season']}")
    if values["time_column"] is None:
        raise UserError("a forecast needs --time-column, the column that says when each value was")
    if values["task"] not in ("auto", "regression"):
        raise UserError(f"a forecast predicts numbers; task {values['task']!r} cannot be forecast")
    for option, instead in _OF_TABLES.items():
        if values[option]:
            shown = option.replace("_", "-")
            raise UserError(f"--{shown} is an option of tables; leave it out: {instead}")
    if values["search"] == DIFFERENTIABLE:
        raise UserError(no_networks())
    if values["wide"]:
        for option in ("static", "hierarchy"):
            if values[option]:
                raise UserError(
                    f"a wide table has no place for --{option}; give a long one, with a row for "
                    "each series and time"
                )
    if values["serving"] != "auto":
        raise UserError("--bagged and --refit are options of tables; a forecast is always refitted")
    named: dict[str, str] = {}
    for role, name in columns:
        if name is None:
            continue
        if name in named:
            raise UserError(f"column {name!r} cannot be the {named[name]} and the {role} at once")
        if name in values["exclude"]:
            raise UserError(f"column {name!r} is the {role}; it cannot be excluded")
        named[name] = role
