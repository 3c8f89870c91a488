"""``espalier serve``: run the flows that the Prefect UI and schedules start."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

POOLS = "Work pools"


@reports_errors
def serve(
    schedules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML file of schedules; infra/deploy/schedules.yaml is an example.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Owner of what is published, where several serve on one Prefect server. "
            "(default: the home folder's own)",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="Maximum number of concurrent runs.")] = 4,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Answer Prometheus there, at /metrics: runs, trials, champions, drift. "
            "(default: not at all; a port alone is of this machine only)",
            show_default=False,
        ),
    ] = None,
    pool_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Serve nothing: write a prefect.yaml with the same deployments, schedules and "
            "limits, for work pools.",
            show_default=False,
            rich_help_panel=POOLS,
        ),
    ] = None,
    pool: Annotated[
        str,
        typer.Option(metavar="NAME", help="The work pool, for --pool-file.", rich_help_panel=POOLS),
    ] = "espalier",
) -> None:
    """Publish the flows in the Prefect UI, and run those started there or by a schedule.

    Servers of Prefect and MLflow that do not run yet are started, reachable from this machine only.
    Stop with Ctrl-C.
    """
    if pool_file is not None:
        from espalier.flows.serving.serve import write_pool_file

        write_pool_file(schedules, pool_file, pool)
        return
    from espalier.flows.serving.serve import serve_flows

    serve_flows(schedules, limit=limit, name=name, metrics=metrics)
