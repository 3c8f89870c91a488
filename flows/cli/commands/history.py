"""``espalier history``: every version of a model, and what was decided about it."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def history(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The registered model.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show every version of a model: its data, score, decision and reason, and who serves now."""
    from espalier.flows.cli.views.version_history import show_history

    show_history(name, as_json=as_json)
