"""``espalier monitor``: the champion on rows whose labels have arrived."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

LIMITS = "Limits"
AFTERWARDS = "When a limit is passed"


@reports_errors
def monitor(
    name: Annotated[
        str, typer.Argument(metavar="MODEL", help="The registered model.", show_default=False)
    ],
    data: Annotated[
        str,
        typer.Option(
            metavar="DATA", help="Recent rows, with labels where known.", show_default=False
        ),
    ],
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT to run where DATA is a database.")
    ] = None,
    max_score_drop: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="How much worse than on the hold-out the score may surely be.",
            rich_help_panel=LIMITS,
        ),
    ] = 0.0,
    max_drift: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Largest population stability index of a column.",
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
            help="Of that training. (default: as last time)",
            rich_help_panel=AFTERWARDS,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Workers of that training. (default: as last time)",
            rich_help_panel=AFTERWARDS,
        ),
    ] = None,
    promote: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="Then: auto, approve or never replace the champion.",
            rich_help_panel=AFTERWARDS,
        ),
    ] = "never",
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the verdict as JSON.")
    ] = None,
) -> None:
    """Score the champion on recent rows, measure drift, and retrain past the limits.

    Rows without a label count for drift only. The exit status is 0 whatever the verdict.
    """
    from espalier.flows.cli.runs.monitor import run_monitoring
    from espalier.pipelines.requests.monitor import MonitorRequest

    request = MonitorRequest.parse(
        {
            "name": name, "data": data, "query": query, "max_score_drop": max_score_drop,
            "max_drift": max_drift, "retrain": retrain, "time_budget": time_budget,
            "workers": workers, "promote": promote,
        }
    )  # fmt: skip
    run_monitoring(request, json_path=json_path)
