"""Output of `espalier export`."""

from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import typer

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.registry.model_files import open_version
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.infra.version import own_version
from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.formats import ExportFormat
from espalier.pipelines.export.write import export_model

if TYPE_CHECKING:
    import pandas as pd

    from espalier.infra.registry.registry import RegisteredVersion
    from espalier.infra.settings import Settings


def export_and_print(spec: str, out: Path, form: str, *, coverage: float) -> None:
    """Write a registered version as one file, and say how its answers compare.

    Raises
    ------
    UserError
        There is no such model, the format is unknown, a part of the model cannot be exported, or
        the file would answer otherwise.
    """
    if form not in get_args(ExportFormat):
        known = ", ".join(get_args(ExportFormat))
        raise UserError(f"unknown format {form!r}; choose one of: {known}")
    settings = load_settings()
    version = resolve(spec, settings)
    opened = open_version(version, settings)
    shown = f"{version.name}/{version.version}"
    opened.check.require_same_answers(shown)
    facts = {"model": shown, "made_by": f"espalier {own_version()}"}
    made = export_model(
        opened.model,
        out,
        cast(ExportFormat, form),
        rows=_kept_rows(version, settings),
        coverage=coverage,
        facts=facts,
    )
    compared = "" if made.agreement is None else f"; {made.agreement.text}"
    typer.echo(safe_text(f"{shown} -> {made.path} ({_size(made.n_bytes)}{compared})"))
    for note in made.notes:
        typer.echo(safe_text(note))


def _kept_rows(version: "RegisteredVersion", settings: "Settings") -> "pd.DataFrame | None":
    """Return the raw hold-out rows of the training; None if none were kept."""
    kept = None if version.run_id is None else read_training_rows(settings, version.run_id)
    return None if kept is None else kept.holdout


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:.1f} MiB" if n_bytes >= 2**20 else f"{n_bytes / 2**10:.0f} KiB"
