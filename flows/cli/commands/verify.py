"""``espalier verify``: reproduce a registered model and compare."""

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
            metavar="DATA",
            help="The training table. (default: from the run folder, else its source)",
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="SELECT statement, if DATA is a database.")
    ] = None,
) -> None:
    """Reproduce a registered model: train its members again from its record, and compare.

    Reports whether scores and predictions are bit-identical, equal within tolerance or different
    (exit status 1), and which package versions have changed.
    """
    from espalier.flows.cli.views.reproduction_view import show_reproduction as verify_and_print

    if not verify_and_print(name, data=data, query=query):
        raise typer.Exit(FAILED)
