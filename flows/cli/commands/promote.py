"""``espalier promote``: make the challenger champion, if it is better."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import shows_progress

POLICY = "Conditions"
ROWS = "Comparison"


@reports_errors
@shows_progress
def promote(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The registered model.", show_default=False)
    ],
    policy: Annotated[
        str,
        typer.Option(metavar="HOW", help="auto, approve (ask a person) or never (compare only)."),
    ] = "auto",
    yes: Annotated[
        bool, typer.Option("--yes", help="With --policy approve: approve without asking.")
    ] = False,
    actor: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="Who decides, for the record. (default: user@host)"),
    ] = None,
    comment: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="With --yes: why it is approved, for the record."),
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="The lower confidence bound of the improvement must exceed this.",
            rich_help_panel=POLICY,
        ),
    ] = 0.0,
    confidence: Annotated[
        float,
        typer.Option(
            metavar="P", help="One-sided confidence level of the bounds.", rich_help_panel=POLICY
        ),
    ] = 0.95,
    slices: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Columns that divide the rows into slices; none may get worse.",
            rich_help_panel=POLICY,
        ),
    ] = None,
    slice_limit: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="How much worse the challenger may be on a slice. (default: see --confidence)",
            rich_help_panel=POLICY,
        ),
    ] = None,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Maximum prediction time for one row.", rich_help_panel=POLICY
        ),
    ] = None,
    max_size_mb: Annotated[
        float | None,
        typer.Option(
            metavar="MB", help="Maximum size of the model's files.", rich_help_panel=POLICY
        ),
    ] = None,
    min_rows: Annotated[
        int, typer.Option(metavar="N", help="Minimum rows to compare on.", rich_help_panel=POLICY)
    ] = 30,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Labelled rows; those used in training are left out. (default: the hold-outs)",
            rich_help_panel=ROWS,
        ),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(
            metavar="SQL", help="SELECT statement, if DATA is a database.", rich_help_panel=ROWS
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Metric to compare. (default: the one the challenger was trained for)",
            rich_help_panel=ROWS,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(metavar="N", help="Random seed of the bootstrap.", rich_help_panel=ROWS),
    ] = 0,
) -> None:
    """Promote the challenger if it is better than the champion on rows neither was trained on.

    The decision is recorded in MLflow with its numbers; `espalier history NAME` shows it.
    """
    from espalier.flows.cli.runs.promote import run_promotion
    from espalier.pipelines.requests.promote import PromoteRequest

    request = PromoteRequest.parse(
        {
            "name": name,
            "policy": policy,
            "actor": actor,
            "margin": margin,
            "confidence": confidence,
            "slices": slices,
            "slice_limit": slice_limit,
            "max_latency_ms": max_latency_ms,
            "max_size_mb": max_size_mb,
            "min_rows": min_rows,
            "data": data,
            "query": query,
            "metric": metric,
            "seed": seed,
        }
    )
    run_promotion(request, json_path=json_path, yes=yes, comment=comment)
