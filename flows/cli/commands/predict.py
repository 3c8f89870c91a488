"""``espalier predict``: predict the rows of a table with a registered model."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import shows_progress


@reports_errors
@shows_progress
def predict(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="The table to predict, or a folder or zip of pictures; a quoted pattern "
            "('in/*.csv') for several files.",
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
        str, typer.Option(metavar="FILE", help="CSV or Parquet file to write.", show_default=False)
    ],
    proba: Annotated[bool, typer.Option("--proba", help="Also write class probabilities.")] = False,
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="COVERAGE",
            help="Also write prediction intervals with this coverage, such as 0.9.",
            show_default=False,
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT statement, if DATA is a database.")
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column of DATA that identifies the rows. (default: source and row number)",
        ),
    ] = None,
    image_root: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder (or zip archive) that paths of pictures start from. (default: of DATA)",
        ),
    ] = None,
    on_drift: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="What to do if rows break the expectations of the training table: warn, refuse or "
            "ignore (no check).",
        ),
    ] = "warn",
    on_difference: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="What to do if the model does not answer the rows it was saved with as it did "
            "then: refuse, or warn and go on.",
        ),
    ] = "refuse",
) -> None:
    """Predict the rows of a table with a registered model.

    Rows are processed in chunks, so DATA may be larger than memory. The output has one row for each
    row of DATA, in the same order; the file appears once all rows are done.

    A model that was trained with --horizon forecasts what follows DATA: a row for each series and
    step, with the quantiles. Known covariates of the future are rows of DATA without a value.
    """
    from espalier.flows.cli.runs.predict import run_prediction
    from espalier.flows.terminal.safe_text import safe_text
    from espalier.pipelines.requests.predict import PredictRequest

    request = PredictRequest.parse(
        {
            "data": data,
            "model": model,
            "out": out,
            "proba": proba,
            "query": query,
            "id_column": id_column,
            "image_root": image_root,
            "interval": interval,
            "on_drift": on_drift,
            "on_difference": on_difference,
        }
    )
    outcome = run_prediction(request)
    for line in outcome.warnings:
        typer.echo(f"warning: {safe_text(line)}", err=True)
    where = f" of {outcome.n_sources} files" if outcome.n_sources > 1 else ""
    typer.echo(f"{outcome.n_rows:,} rows{where} scored by {outcome.model} -> {outcome.path}")
