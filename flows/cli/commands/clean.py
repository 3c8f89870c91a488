"""``espalier clean``: remove the folders of old finished runs."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def clean(
    keep: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Finished runs to keep per model. (default: ESPALIER_KEEP_RUNS, else 5)",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, remove nothing.")
    ] = False,
) -> None:
    """Remove the folders of old finished runs.

    Kept are the newest runs of each model, the runs of versions with an alias, and runs that can
    still be continued. Models, trials and reports in MLflow are not touched.
    """
    from espalier.flows.cli.views.clean_runs import clean_runs

    clean_runs(keep=keep, dry_run=dry_run)
