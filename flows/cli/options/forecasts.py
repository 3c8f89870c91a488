"""Options of `espalier train` that make it a forecast of series."""

from typing import Annotated

import typer

FORECAST = "Forecasts"

Horizon = Annotated[
    int | None,
    typer.Option(
        metavar="STEPS",
        help="Forecast series this many steps ahead, instead of predicting rows.",
        rich_help_panel=FORECAST,
    ),
]
SeriesColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COL",
        help="Column that tells the series apart. (default: a single series)",
        rich_help_panel=FORECAST,
    ),
]
Frequency = Annotated[
    str | None,
    typer.Option(
        metavar="STEP",
        help="Step from one time to the next, such as D, MS or 15min. (default: inferred)",
        rich_help_panel=FORECAST,
    ),
]
KnownCovariates = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Columns whose future is known, such as prices.",
        rich_help_panel=FORECAST,
    ),
]
Season = Annotated[
    int | None,
    typer.Option(
        metavar="STEPS",
        help="Steps after which the pattern repeats. (default: found)",
        rich_help_panel=FORECAST,
    ),
]
Quantiles = Annotated[
    str | None,
    typer.Option(
        metavar="Q,Q,...",
        help="Quantiles to forecast. (default: 0.1 to 0.9)",
        rich_help_panel=FORECAST,
    ),
]
PastCovariates = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Columns that are known only as far as the values.",
        rich_help_panel=FORECAST,
    ),
]
StaticCovariates = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Columns that have one value for each series.",
        rich_help_panel=FORECAST,
    ),
]
Holidays = Annotated[
    str | None,
    typer.Option(
        metavar="DE,US-CA,...",
        help="Countries, or parts of them, whose public holidays are known covariates.",
        rich_help_panel=FORECAST,
    ),
]
Hierarchy = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Columns that the series add up by, the widest first; forecasts then add up too.",
        rich_help_panel=FORECAST,
    ),
]
Wide = Annotated[
    bool,
    typer.Option(
        "--wide",
        help="The table has a column for each series; --target only names their values.",
        rich_help_panel=FORECAST,
    ),
]
