"""``espalier train``: a table in, a registered champion out."""

from pathlib import Path
from typing import Annotated

import typer

from flows.exits import reports_errors
from pipelines.search.names import DEFAULT_STRATEGY

SEARCH = "What is searched"
DATA = "How the data are read"
WHERE = "Where it runs"


@reports_errors
def train(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="CSV, TSV, Parquet, Arrow, Feather or JSON lines; a URL; or a database URL.",
            show_default=False,
        ),
    ],
    target: Annotated[
        str, typer.Option(metavar="COL", help="The column to predict.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Name in the registry. (default: from DATA)")
    ] = None,
    time_budget: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Like 90s, 10m, 1h30m. (default: 10m, or none with --trials)"
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Number of trials. (default: no limit)")
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="auto, binary, multiclass, regression.", rich_help_panel=SEARCH
        ),
    ] = "auto",
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What to optimise. (default: roc_auc, log_loss or rmse)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    families: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Only these model families. (default: all)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="guided, gp, neural, forest, tpe, evolution, random, grid.",
            rich_help_panel=SEARCH,
        ),
    ] = DEFAULT_STRATEGY,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Root of everything random.", rich_help_panel=SEARCH)
    ] = 0,
    exclude: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Columns to leave out.", rich_help_panel=DATA),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL", help="Rows that belong together share its value.", rich_help_panel=DATA
        ),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Splits go forward in it.", rich_help_panel=DATA),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(
            metavar="SQL", help="SELECT to run where DATA is a database.", rich_help_panel=DATA
        ),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="NAME/VERSION,...",
            help="Try the winners of earlier versions first, and keep their hold-out.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Worker processes. (default: one a core)", rich_help_panel=WHERE
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="A running Dask scheduler, tcp://...", rich_help_panel=WHERE
        ),
    ] = None,
) -> None:
    """Train on a table, register the best model and show how good it is.

    Running the same command again after an interruption continues where it stopped.
    """
    from flows.run_training import run_training
    from pipelines.request import TrainRequest

    request = TrainRequest.parse(
        {
            "data": data, "target": target, "query": query, "name": name, "task": task,
            "metric": metric, "time_budget": time_budget, "trials": trials, "workers": workers,
            "dask": dask, "families": families, "search": search, "seed": seed,
            "group_column": group_column, "time_column": time_column, "exclude": exclude,
            "start_from": start_from,
        }
    )  # fmt: skip
    run_training(request, json_path=json_path)
