"""Options of `espalier train` about its time, its workers, and where they are."""

from pathlib import Path
from typing import Annotated

import typer

WHERE = "Resources"

TimeBudget = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="Time limit, such as 90s or 1h30m. (default: 10m, or none with --trials)",
    ),
]
Trials = Annotated[
    int | None, typer.Option(metavar="N", help="Maximum number of trials. (default: no limit)")
]
Extend = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="Continue the search of the newest run of model DATA for this long.",
    ),
]
OutcomeFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Worker processes. (default: one per core)", rich_help_panel=WHERE
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Memory limit of a trial, such as 4GiB. (default: an equal share of 80 % of the "
        "machine's)",
        rich_help_panel=WHERE,
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Running Dask scheduler to use, tcp://...",
        rich_help_panel=WHERE,
    ),
]
