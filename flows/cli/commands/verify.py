"""``espalier verify``: a registered model made again and compared."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import FAILED, reports_errors


@reports_errors
def verify(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]",
            help="The model; its champion by default.",
            show_default=False,
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="The training table. (default: from the run folder, or its source)"
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT to run where DATA is a database.")
    ] = None,
) -> None:
    """Evaluate and refit a model's members again from the record, and compare.

    Says whether scores and answers are bit-identical, equal within tolerance or different (status
    1), and which versions differ from those of then.
    """
    from espalier.flows.cli.views.reproduction_view import show_reproduction as verify_and_print

    if not verify_and_print(name, data=data, query=query):
        raise typer.Exit(FAILED)
