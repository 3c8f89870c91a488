"""What the registry holds, as tables in a terminal."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.summary import leaderboard_table
from flows.terminal_text import harmless
from infra.registry import RegisteredVersion, list_models, resolve
from infra.settings import Settings, load_settings
from pipelines.configuration import Configuration
from pipelines.errors import UserError
from pipelines.leaderboard import LeaderboardRow
from pipelines.trial import TrialStatus


def show_models() -> None:
    """Print every version of every model."""
    # What others wrote into the registry is no markup.
    console = Console(markup=False)
    versions = list_models(load_settings())
    if not versions:
        console.print(
            "no model is registered yet; train one with: espalier train DATA --target COL"
        )
        return
    table = Table(box=None, header_style="bold")
    for heading in ("model", "version", "alias", "metric", "hold-out", "95 % interval", "made"):
        right = heading in ("version", "hold-out")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for version in versions:
        table.add_row(*map(harmless, _cells(version)), style=None if version.aliases else "dim")
    console.print(table)


def show_leaderboard(spec: str, *, rows: int) -> None:
    """Print the leaderboard of the run that made the version ``spec``.

    Raises
    ------
    UserError
        There is no such model, or its run has no leaderboard.
    """
    if rows < 1:
        raise UserError(f"--rows must be at least 1, not {rows}")
    settings = load_settings()
    version = resolve(spec, settings)
    records = _leaderboard_of(version, settings)
    # What others wrote into the registry is no markup.
    console = Console(markup=False)
    metric = harmless(version.tags.get("metric", "score"))
    score, low, high = (_figure(version, name) for name in ("score", "low", "high"))
    aliases = f" ({', '.join(version.aliases)})" if version.aliases else ""
    console.print(
        harmless(
            f"{version.name} version {version.version}{aliases}: "
            f"hold-out {metric} {score}, 95 % interval {low} to {high}"
        ),
        highlight=False,
        markup=False,
    )
    board = [_row(record) for record in records]
    console.print(leaderboard_table(board, metric=metric, limit=rows))


def _leaderboard_of(version: RegisteredVersion, settings: Settings) -> list[dict[str, Any]]:
    import tempfile

    from mlflow.exceptions import MlflowException

    from infra.mlflow_store import make_client

    shown = f"{version.name}/{version.version}"
    if version.run_id is None:
        raise UserError(f"model {shown} was not made by a training run, so it has no leaderboard")
    client = make_client(settings)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = client.download_artifacts(version.run_id, "leaderboard.json", folder)
            records: list[dict[str, Any]] = json.loads(Path(path).read_text())
            return records
    except (MlflowException, OSError):
        raise UserError(f"the run of model {shown} has no leaderboard; train it again") from None


def _row(record: Mapping[str, Any]) -> LeaderboardRow:
    values = dict(record)
    values["configuration"] = Configuration.from_dict(values["configuration"])
    values["status"] = TrialStatus(values["status"])
    return LeaderboardRow(**values)


def _cells(version: RegisteredVersion) -> tuple[str, ...]:
    score, low, high = (_figure(version, name) for name in ("score", "low", "high"))
    return (
        version.name,
        str(version.version),
        ", ".join(version.aliases),
        version.tags.get("metric", ""),
        score,
        f"{low} to {high}" if low else "",
        time.strftime("%Y-%m-%d", time.localtime(version.created_ms / 1000)),
    )


def _figure(version: RegisteredVersion, name: str) -> str:
    """Return a figure of the hold-out as it is shown; empty where there is none."""
    try:
        return f"{float(version.tags[f'holdout_{name}']):.5g}"
    except (KeyError, ValueError):
        return ""
