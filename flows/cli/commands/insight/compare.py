"""``espalier compare``: what differs between two versions, and which is better."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]", help="A model, such as churn/3.", show_default=False
        ),
    ],
    second: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]", help="Another, such as churn/4.", show_default=False
        ),
    ],
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the comparison as JSON.")
    ] = None,
) -> None:
    """Compare two versions: options, scores, members, and the columns they need.

    Both are scored on the rows of their hold-outs that neither learnt from, with an interval of the
    difference. Nothing is changed; `espalier promote` decides who serves.
    """
    from espalier.flows.cli.views.version_comparison import show_comparison

    show_comparison(first, second, json_path=json_path)
