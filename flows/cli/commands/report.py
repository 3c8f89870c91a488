"""``espalier report``: save the report of a registered model, as HTML or Markdown."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def report(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]",
            help="The model; its champion by default.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write, HTML or Markdown by its ending. (default: NAME-VERSION.html)",
        ),
    ] = None,
) -> None:
    """Save the report of a registered model: score, columns, mistakes, search, ensemble."""
    from espalier.flows.cli.views.model_tables import save_report

    save_report(name, out)
