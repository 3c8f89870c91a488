"""Output of `espalier clean`: the folders, versions, runs and logs that are removed."""

import time

from rich.console import Console

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.operations.cleaning import Cleaning, clean_all
from espalier.infra.operations.raw_rows import expire_rows
from espalier.infra.operations.registry_retention import KeepRules
from espalier.infra.runs.retention import RunRecord
from espalier.infra.settings import Settings


def clean_runs(
    settings: Settings, *, keep: int | None, rules: KeepRules, log_days: float, dry_run: bool
) -> None:
    """Remove what is old, or only find it if ``dry_run``, and print it.

    Raises
    ------
    UserError
        ``keep`` is less than 1.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    done = clean_all(settings, keep=keep, rules=rules, log_days=log_days, dry_run=dry_run)
    verb = "would be removed" if dry_run else "removed"
    for record in done.folders:
        console.print(f"{record.folder.name}  {_model(record)}  {_megabytes(record.n_bytes)}")
    _print_mlflow(console, done, verb)
    if done.logs:
        console.print(f"{len(done.logs)} log(s) {verb}")
    total = _megabytes(sum(record.n_bytes for record in done.folders))
    console.print(f"{len(done.folders)} run folder(s) {verb}, {total}")
    if not dry_run:
        old = expire_rows(settings)
        if old.runs or old.folders:
            console.print(f"rows of {len(old.runs)} old run(s) in MLflow removed")


def _print_mlflow(console: Console, done: Cleaning, verb: str) -> None:
    found = done.mlflow
    for version in found.versions:
        day = time.strftime("%Y-%m-%d", time.localtime(version.created_ms / 1000))
        console.print(safe_text(f"{version.name}/{version.version}  of {day}"))
    for run_id, name in found.runs:
        console.print(safe_text(f"run {run_id}  {name}"))
    if found.versions or found.runs:
        trials = f", with {found.n_trials} trials" if found.n_trials else ""
        counts = f"{len(found.versions)} version(s) and {len(found.runs)} run(s) without a version"
        console.print(f"{counts} {verb} from MLflow{trials}")
    if found.advice:
        console.print(found.advice)


def _model(record: RunRecord) -> str:
    name = record.model or "unknown model"
    return name if record.is_finished else f"{name} (not finished)"


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.1f} MiB"
