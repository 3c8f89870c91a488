"""``espalier clean``: run folders that have done their work go."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def clean(
    keep: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Finished runs to keep of each model. (default: ESPALIER_KEEP_RUNS, else 5)",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be removed.")
    ] = False,
) -> None:
    """Remove the folders of old finished runs.

    The newest ones of each model stay, those behind a version with an alias, and runs that can be
    continued. Models, trials and reports in MLflow are not touched.
    """
    from espalier.flows.cli.views.clean_runs import clean_runs

    clean_runs(keep=keep, dry_run=dry_run)
