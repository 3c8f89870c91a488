"""``espalier leaderboard``: the trials behind a registered model."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def leaderboard(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]",
            help="The model; its champion by default.",
            show_default=False,
        ),
    ],
    rows: Annotated[int, typer.Option(help="Number of rows to show.")] = 20,
) -> None:
    """Show the leaderboard of the training run that made a registered model."""
    from espalier.flows.cli.views.model_tables import show_leaderboard

    show_leaderboard(name, rows=rows)
