"""``espalier history``: the versions of a model, and the decisions about them."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def history(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The registered model.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the history as JSON.")] = False,
) -> None:
    """Show the versions of a model: data, score, alias, and each decision with its reason."""
    from espalier.flows.cli.views.version_history import show_history

    show_history(name, as_json=as_json)
