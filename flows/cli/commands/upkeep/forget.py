"""``espalier forget``: remove the raw rows that trainings of a model have left."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def forget(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The registered model.", show_default=False)
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the raw rows of a model's trainings from run folders, MLflow and Prefect.

    Its versions stay, and go on serving. What stays, and why, is told at the end.
    """
    from espalier.flows.cli.views.forget_rows import forget_rows

    forget_rows(name, dry_run=dry_run, yes=yes)
