"""``espalier predict``: score a table with a registered model."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def predict(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="The table to score; a pattern in quotes ('in/*.csv') for several files.",
            show_default=False,
        ),
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
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="COVERAGE",
            help="Write lower and upper bounds of this share of the values too, such as 0.9.",
            show_default=False,
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT to run where DATA is a database.")
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column of DATA to know the rows by. (default: source and row number)",
        ),
    ] = None,
    on_drift: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="When rows break the expectations of the training: warn, refuse, or ignore (does "
            "not look).",
        ),
    ] = "warn",
) -> None:
    """Score a table with a registered model and write the predictions.

    Rows are read and scored in chunks, so DATA may be larger than memory. The output has a row for
    each row of DATA, in its order, and appears when all are scored.
    """
    from espalier.flows.terminal.safe_text import safe_text
    from espalier.pipelines.requests.predict import PredictRequest
    from espalier.tasks.prediction.score_table import score_table

    request = PredictRequest.parse(
        {
            "data": data, "model": model, "out": out, "proba": proba, "query": query,
            "id_column": id_column, "interval": interval, "on_drift": on_drift,
        }
    )  # fmt: skip
    outcome = score_table(request)
    for line in outcome.warnings:
        typer.echo(f"warning: {safe_text(line)}", err=True)
    where = f" of {outcome.n_sources} files" if outcome.n_sources > 1 else ""
    typer.echo(f"{outcome.n_rows:,} rows{where} scored by {outcome.model} -> {outcome.path}")
