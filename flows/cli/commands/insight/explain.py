"""``espalier explain``: why rows are answered as they are."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def explain(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]",
            help="The model; its champion by default.",
            show_default=False,
        ),
    ],
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="The table with the rows.", show_default=False)
    ],
    rows: Annotated[
        int, typer.Option(metavar="N", help="Explain the first N rows, 50 at most.")
    ] = 5,
    columns: Annotated[
        int, typer.Option(metavar="N", help="Show the N columns that contribute most.")
    ] = 6,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT statement, if DATA is a database.")
    ] = None,
    json_path: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write all contributions as JSON."),
    ] = None,
) -> None:
    """Explain answers: how much each column moved them away from the mean answer.

    Contributions are Shapley values, estimated by replacing the columns of other rows by those of
    the row, in random order. They are compared with held-out rows of the training where these are
    kept, else with the other rows of DATA.
    """
    from espalier.flows.cli.views.row_explanations import show_explanations

    show_explanations(model, data, rows=rows, columns=columns, query=query, json_path=json_path)
