"""Output of `espalier forget`: what is removed of a model's rows, and what stays."""

import sys

import typer
from rich.console import Console

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.operations.raw_rows import RemovedRows, forget_model
from espalier.infra.orchestration.server import PrefectServer
from espalier.infra.settings import load_settings
from espalier.pipelines.errors import UserError

STAYS = (
    "versions in the registry: each holds a few example rows, and nearest-neighbour, support "
    "vector and Gaussian process members hold training rows. Delete those versions to remove them "
    "(mlflow.MlflowClient().delete_model_version, then mlflow gc)",
    "suites of expectations, reports and metrics: they name categories and ranges, no rows; so do "
    "expectations that people state (espalier expectations)",
    "the log of decisions: who let which version serve",
    "logs and states of Prefect's flow runs, which its API cannot change: delete the flow runs "
    "(prefect flow-run delete ID)",
    "logs of commands, in logs/ of the home folder",
    "what was read and written elsewhere: data sources, files of predictions, backups",
)


def forget_rows(name: str, *, dry_run: bool, yes: bool) -> None:
    """Remove the rows of a model and print what was removed; ask before, unless ``yes``.

    Raises
    ------
    UserError
        There is no such model, or there is nobody to ask.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    settings = load_settings()
    found = forget_model(name, settings, dry_run=True)
    if not (dry_run or yes):
        _ask(name, found)
    with PrefectServer(settings).start() as server:
        server.wait()
        from espalier.infra.orchestration.pages_of_model import remove_table_pages

        removed = found if dry_run else forget_model(name, settings)
        n_pages = remove_table_pages(name, dry_run=dry_run)
    verb = "would be removed" if dry_run else "removed"
    console.print(f"{verb}: raw rows of {len(removed.runs)} MLflow run(s)")
    console.print(f"{verb}: {len(removed.folders)} run folder(s), with the tables in them")
    console.print(f"{verb}: {n_pages} page(s) of Prefect about its tables")
    console.print(f"{verb}: {len(removed.requests)} file(s) of its request log")
    for each in removed.busy:
        console.print(f"stays: {safe_text(each)}, which is running; forget again when it has ended")
    for line in STAYS:
        console.print(f"stays: {line}", style="dim")


def _ask(name: str, found: RemovedRows) -> None:
    if not sys.stdin.isatty():
        raise UserError("nobody can be asked here whether the rows may go; add --yes")
    typer.confirm(
        f"Remove the rows of {safe_text(name)} from {len(found.runs)} MLflow run(s), and "
        f"{len(found.folders)} run folder(s)? The next promotion and the measure of drift need "
        "them, until the model is trained again",
        abort=True,
    )
