"""``espalier clean``: remove old run folders, versions, runs and logs."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

IN_MLFLOW = "In MLflow"


@reports_errors
def clean(
    keep: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Finished runs whose folder to keep per model. (default: ESPALIER_KEEP_RUNS, "
            "else 5)",
        ),
    ] = None,
    keep_versions: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Newest versions to keep per model; 0: all. (default: ESPALIER_KEEP_VERSIONS, "
            "else all)",
            rich_help_panel=IN_MLFLOW,
        ),
    ] = None,
    keep_champions: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Earlier champions to keep per model for a rollback; 0: all. (default: "
            "ESPALIER_KEEP_CHAMPIONS, else all)",
            rich_help_panel=IN_MLFLOW,
        ),
    ] = None,
    keep_days: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS",
            min=0,
            help="Age up to which to keep runs without a version; 0: any. (default: "
            "ESPALIER_KEEP_DAYS, else any)",
            rich_help_panel=IN_MLFLOW,
        ),
    ] = None,
    keep_logs: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS",
            min=0,
            help="Days to keep logs of commands; 0: for ever. (default: ESPALIER_KEEP_LOGS, "
            "else 30)",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, remove nothing.")
    ] = False,
) -> None:
    """Remove the folders of old finished runs, old logs and, if asked for, old versions.

    Kept are the newest of each model, whatever has an alias, served, or was compared with what is
    kept, and runs that can still be continued. With a version its run, trials, rows and report in
    MLflow go. The decision log stays.
    """
    from espalier.flows.cli.views.clean_runs import clean_runs
    from espalier.infra.operations.registry_retention import KeepRules
    from espalier.infra.settings import load_settings

    settings = load_settings()
    rules = KeepRules(
        versions=settings.keep_versions if keep_versions is None else keep_versions,
        champions=settings.keep_champions if keep_champions is None else keep_champions,
        days=settings.keep_days if keep_days is None else keep_days,
    )
    clean_runs(
        settings,
        keep=keep,
        rules=rules,
        log_days=settings.keep_logs if keep_logs is None else keep_logs,
        dry_run=dry_run,
    )
