"""``espalier retrain``: a challenger from what the data source holds now."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

WHAT_STOPS = "What may stop it"


@reports_errors
def retrain(
    name: Annotated[
        str, typer.Argument(metavar="MODEL", help="The registered model.", show_default=False)
    ],
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="Read this. (default: what the last training read)"),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="SELECT for a database. (default: the last one)"),
    ] = None,
    time_budget: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Like 90s, 10m, 1h30m. (default: as last time)"),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Number of trials. (default: as last time)")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Worker processes. (default: as last time)")
    ] = None,
    promote: Annotated[
        str,
        typer.Option(
            metavar="POLICY", help="Afterwards: auto, approve or never replace the champion."
        ),
    ] = "never",
    on_drift: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="When distributions have moved: warn or refuse.",
            rich_help_panel=WHAT_STOPS,
        ),
    ] = "warn",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Train even if the data are the same.", rich_help_panel=WHAT_STOPS
        ),
    ] = False,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
) -> None:
    """Read a model's data again and train a challenger.

    The table must be what the champion was trained on: another schema is refused, a distribution
    that has moved is warned of or refused. Where nothing has changed nothing is trained.
    """
    from espalier.flows.cli.runs.retrain import run_retraining
    from espalier.pipelines.requests.retrain import RetrainRequest

    request = RetrainRequest.parse(
        {
            "name": name, "data": data, "query": query, "time_budget": time_budget,
            "trials": trials, "workers": workers, "promote": promote, "on_drift": on_drift,
            "force": force,
        }
    )  # fmt: skip
    run_retraining(request, json_path=json_path)
