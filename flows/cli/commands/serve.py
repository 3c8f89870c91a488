"""``espalier serve``: flows that the Prefect UI and schedules can start."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def serve(
    schedules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What runs when; infra/deploy/schedules.yaml is an example.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="Most runs at the same time.")] = 4,
) -> None:
    """Publish the flows in the Prefect UI and run what people and schedules start there.

    The servers of Prefect and MLflow are found or started, on this machine only. Ctrl-C ends it.
    """
    from espalier.flows.serving.serve import serve_flows

    serve_flows(schedules, limit=limit)
