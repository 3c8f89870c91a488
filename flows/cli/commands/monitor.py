"""``espalier monitor``: measure score and drift of the champion on recent rows."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import shows_progress

REQUESTS = "From the request log of an endpoint, instead of DATA"
LIMITS = "Limits"
AFTERWARDS = "If a limit is exceeded"


@reports_errors
@shows_progress
def monitor(
    name: Annotated[
        str, typer.Argument(metavar="MODEL", help="The registered model.", show_default=False)
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="Recent rows, with the target where known.", show_default=False
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT statement, if DATA is a database.")
    ] = None,
    requests: Annotated[
        bool,
        typer.Option(
            "--requests",
            help="Take what espalier endpoint was asked.",
            rich_help_panel=REQUESTS,
        ),
    ] = False,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Labels that have arrived, with the columns request and row, or with the column "
            "that is logged by --log-id.",
            rich_help_panel=REQUESTS,
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="How far back the log is read, such as 7d. (default: all of it)",
            rich_help_panel=REQUESTS,
        ),
    ] = None,
    max_score_drop: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="How much worse than on the hold-out the score may be (with 95 % confidence).",
            rich_help_panel=LIMITS,
        ),
    ] = 0.0,
    max_drift: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Largest population stability index (PSI) of a column.",
            rich_help_panel=LIMITS,
        ),
    ] = 0.25,
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain/--no-retrain", help="Train a challenger.", rich_help_panel=AFTERWARDS
        ),
    ] = True,
    time_budget: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Time budget of the retraining. (default: as last time)",
            rich_help_panel=AFTERWARDS,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Worker processes of the retraining. (default: as last time)",
            rich_help_panel=AFTERWARDS,
        ),
    ] = None,
    promote: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="Whether the challenger may replace the champion: auto, approve (ask a person) or "
            "never.",
            rich_help_panel=AFTERWARDS,
        ),
    ] = "never",
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
) -> None:
    """Score the champion on recent rows, measure drift, and retrain if a limit is exceeded.

    Rows without a target value count for drift only. The exit status is 0 even if a limit is
    exceeded.
    """
    from espalier.flows.cli.runs.monitor import run_monitoring
    from espalier.pipelines.requests.monitor import MonitorRequest

    request = MonitorRequest.parse(
        {
            "name": name,
            "data": data,
            "query": query,
            "requests": requests,
            "labels": labels,
            "since": since,
            "max_score_drop": max_score_drop,
            "max_drift": max_drift,
            "retrain": retrain,
            "time_budget": time_budget,
            "workers": workers,
            "promote": promote,
        }
    )
    run_monitoring(request, json_path=json_path)
