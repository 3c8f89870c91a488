"""Output of `espalier check`: which models answer as when they were logged."""

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from espalier.flows.reports.checking import CheckReport
from espalier.flows.terminal.exits import FAILED
from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.places import require_writable, write_json
from espalier.pipelines.requests.check import CheckRequest
from espalier.tasks.monitoring.check_models import try_models


def show_checks(request: CheckRequest, *, json_path: Path | None) -> None:
    """Try the models, print a table, and exit with 1 if one cannot be trusted.

    Raises
    ------
    UserError
        There is no such model, or ``json_path`` cannot be written.
    """
    if json_path is not None:
        require_writable(json_path)
    report = CheckReport.of(try_models(request))
    if json_path is not None:
        write_json(json_path, report.to_dict())
    console = Console(markup=False, highlight=False)
    if report.models:
        console.print(_table(report), soft_wrap=True)
    bad = report.distrusted
    said = (
        f"{len(bad)} of {len(report.models)} model(s) do not answer as when they were logged"
        if bad
        else report.line
    )
    console.print(safe_text(said), soft_wrap=True)
    if bad:
        raise typer.Exit(FAILED)


def _table(report: CheckReport) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in report.rows[0]:
        table.add_column(heading, no_wrap=heading in ("model", "answers"))
    for row, each in zip(report.rows, report.models, strict=True):
        style = None if each.is_trusted else "bold red"
        table.add_row(*map(safe_text, row.values()), style=style)
    return table
