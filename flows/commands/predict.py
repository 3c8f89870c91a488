"""``espalier predict``: score a table with a registered model."""

from typing import Annotated

import typer

from flows.exits import reports_errors


@reports_errors
def predict(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="The table to score.", show_default=False)
    ],
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME[@ALIAS|/VERSION]",
            help="The model; its champion by default.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str, typer.Option(metavar="FILE", help="CSV or Parquet to write.", show_default=False)
    ],
    proba: Annotated[bool, typer.Option("--proba", help="Write class probabilities too.")] = False,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT to run where DATA is a database.")
    ] = None,
) -> None:
    """Score a table with a registered model and write the predictions."""
    from pipelines.request import PredictRequest
    from tasks.score_table import score_table

    request = PredictRequest.parse(
        {"data": data, "model": model, "out": out, "proba": proba, "query": query}
    )
    outcome = score_table(request)
    for line in outcome.warnings:
        typer.echo(f"warning: {line}", err=True)
    typer.echo(f"{outcome.n_rows:,} rows scored by {outcome.model} -> {outcome.path}")
