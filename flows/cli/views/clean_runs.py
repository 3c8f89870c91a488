"""Output of `espalier clean`: the run folders that are removed."""

from rich.console import Console

from espalier.infra.operations.cleaning import clean_run_folders
from espalier.infra.operations.raw_rows import expire_rows
from espalier.infra.runs.retention import RunRecord
from espalier.infra.settings import load_settings


def clean_runs(*, keep: int | None, dry_run: bool) -> None:
    """Remove folders of old finished runs, or only find them if ``dry_run``, and print them.

    Raises
    ------
    UserError
        ``keep`` is less than 1.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    gone = clean_run_folders(load_settings(), keep=keep, dry_run=dry_run)
    for record in gone:
        console.print(f"{record.folder.name}  {_model(record)}  {_megabytes(record.n_bytes)}")
    total = _megabytes(sum(record.n_bytes for record in gone))
    verb = "would be removed" if dry_run else "removed"
    console.print(f"{len(gone)} run folder(s) {verb}, {total}")
    if not dry_run:
        old = expire_rows(load_settings())
        if old.runs or old.folders:
            console.print(f"rows of {len(old.runs)} old run(s) in MLflow removed")


def _model(record: RunRecord) -> str:
    name = record.model or "unknown model"
    return name if record.is_finished else f"{name} (not finished)"


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.1f} MiB"
