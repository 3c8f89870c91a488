"""Registered models and their leaderboards as tables in a terminal."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from espalier.flows.cli.views.training_summary import leaderboard_table
from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.places import write_whole
from espalier.infra.registry.registry import RegisteredVersion, list_models, resolve
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tracking.artifacts import (
    EXAMPLES_FILE,
    LEADERBOARD_FILE,
    REPORT_FILE,
    REPORT_TEXT_FILE,
    read_json_file,
    read_text_file,
)
from espalier.pipelines.errors import UserError
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialStatus

# Characters that are replaced in a file name.
_UNSAFE = re.compile(r"[^\w.-]+")


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
        table.add_row(*map(safe_text, _cells(version)), style=None if version.aliases else "dim")
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
    metric = safe_text(version.tags.get("metric", "score"))
    score, low, high = (_figure(version, name) for name in ("score", "low", "high"))
    aliases = f" ({', '.join(version.aliases)})" if version.aliases else ""
    console.print(
        safe_text(
            f"{version.name} version {version.version}{aliases}: "
            f"hold-out {metric} {score}, 95 % interval {low} to {high}"
        ),
        highlight=False,
        markup=False,
    )
    board = [_row(record) for record in records]
    console.print(leaderboard_table(board, metric=metric, limit=rows))


def save_report(spec: str, out: Path | None) -> None:
    """Write the report of the version ``spec`` to a file, and print the path.

    A file that ends in ``.md`` gets the report as Markdown. Where single rows have a page of
    pictures and texts, that is written beside the HTML file, which links to it.

    Raises
    ------
    UserError
        There is no such model, its run has no report, or the file cannot be written.
    """
    settings = load_settings()
    version = resolve(spec, settings)
    run_id = _run_of(version)
    path = out or Path(f"{_UNSAFE.sub('_', version.name)}-{version.version}.html")
    as_text = path.suffix.lower() == ".md"
    page = read_text_file(settings, run_id, REPORT_TEXT_FILE if as_text else REPORT_FILE)
    if page is None:
        other = ", or name a file that ends in .html" if as_text else ""
        raise UserError(
            f"the run of model {_shown(version)} has no {'Markdown ' if as_text else ''}report: it "
            f"was trained by an older Espalier; train it again{other}"
        )
    written = [path]
    examples = None if as_text else read_text_file(settings, run_id, EXAMPLES_FILE)
    if examples is not None:
        beside = path.with_name(f"{path.stem}-examples.html")
        # Only the report's own link reads so: what data say is escaped.
        page = page.replace(f'href="{EXAMPLES_FILE}"', f'href="{quote(beside.name)}"')
        write_whole(beside, examples)
        written.append(beside)
    write_whole(path, page)
    console = Console(markup=False, highlight=False, soft_wrap=True)
    for each in written:
        console.print(safe_text(str(each)))


def _leaderboard_of(version: RegisteredVersion, settings: Settings) -> list[dict[str, Any]]:
    records = read_json_file(settings, _run_of(version), LEADERBOARD_FILE)
    if records is None:
        raise UserError(f"the run of model {_shown(version)} has no leaderboard; train it again")
    return list(records)


def _run_of(version: RegisteredVersion) -> str:
    if version.run_id is None:
        raise UserError(f"model {_shown(version)} was not made by a training run")
    return version.run_id


def _shown(version: RegisteredVersion) -> str:
    return f"{version.name}/{version.version}"


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
