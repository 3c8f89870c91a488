"""``espalier retrain``: train a challenger on the current data of a model's source."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import shows_progress

CHECKS = "Checks before training"
LIGHT = "Size and speed of the model"


@reports_errors
@shows_progress
def retrain(
    name: Annotated[
        str, typer.Argument(metavar="MODEL", help="The registered model.", show_default=False)
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="Data to train on. (default: source of the last training)"
        ),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(
            metavar="SQL", help="SELECT statement for a database. (default: as last time)"
        ),
    ] = None,
    time_budget: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Time limit, such as 10m. (default: as last time)"),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Number of trials. (default: as last time)")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Worker processes. (default: as last time)")
    ] = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Do not search: evaluate and fit the members of the newest version again.",
        ),
    ] = False,
    promote: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="Whether the challenger may replace the champion: auto, approve (ask a person) or "
            "never.",
        ),
    ] = "never",
    on_drift: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="What to do if distributions have moved: warn or refuse.",
            rich_help_panel=CHECKS,
        ),
    ] = "warn",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Train even if the data have not changed.", rich_help_panel=CHECKS
        ),
    ] = False,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(
            metavar="MS",
            help="Maximum prediction time for one row. (default: as last time)",
            rich_help_panel=LIGHT,
        ),
    ] = None,
    max_size_mb: Annotated[
        float | None,
        typer.Option(
            metavar="MIB",
            help="Maximum size of the model. (default: as last time)",
            rich_help_panel=LIGHT,
        ),
    ] = None,
    max_operations: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Maximum operations for one row. (default: as last time)",
            rich_help_panel=LIGHT,
        ),
    ] = None,
    objectives: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="score, and what is to be small beside it, with commas: latency, size, "
            "operations. (default: as last time)",
            rich_help_panel=LIGHT,
        ),
    ] = None,
    prefer: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH",
            help="Which model to take: score, small (within one standard error of the best) or "
            "balanced. (default: as last time)",
            rich_help_panel=LIGHT,
        ),
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
) -> None:
    """Read a model's data again and train a challenger.

    The new table is checked against the one the champion was trained on: a changed schema is
    refused; for moved distributions --on-drift decides. If the data have not changed, nothing is
    trained.
    """
    from espalier.flows.cli.runs.retrain import run_retraining
    from espalier.pipelines.requests.retrain import RetrainRequest

    request = RetrainRequest.parse(
        {
            "name": name,
            "data": data,
            "query": query,
            "time_budget": time_budget,
            "trials": trials,
            "workers": workers,
            "update": update,
            "promote": promote,
            "on_drift": on_drift,
            "force": force,
            "max_latency_ms": max_latency_ms,
            "max_size_mb": max_size_mb,
            "max_operations": max_operations,
            "objectives": objectives,
            "prefer": prefer,
        }
    )
    run_retraining(request, json_path=json_path)
