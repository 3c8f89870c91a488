"""Output of `espalier explain`: the columns behind single answers."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.places import require_writable, write_json
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.pipelines.errors import UserError
from espalier.tasks.prediction.explain_rows import RowExplanation, explain_rows

_LONGEST_CELL = 40


def show_explanations(
    spec: str,
    data: str,
    *,
    rows: int,
    columns: int,
    query: str | None,
    json_path: Path | None,
) -> None:
    """Explain the answers to the first rows of a table, and print them.

    Raises
    ------
    UserError
        As `espalier.tasks.prediction.explain_rows.explain_rows`, or ``json_path`` cannot be
        written, or no column is to be shown.
    """
    if columns < 1:
        raise UserError(f"--columns must be at least 1, not {columns}")
    if json_path is not None:
        require_writable(json_path)
    settings = load_settings()
    found = explain_rows(resolve(spec, settings), data, settings, n_rows=rows, query=query)
    if json_path is not None:
        write_json(json_path, found.to_dict())
    # What stands in cells is no markup.
    console = Console(markup=False, highlight=False)
    said = f"{found.model}; contributions are compared with {found.compared_with}"
    console.print(safe_text(said), soft_wrap=True)
    for each in found.rows:
        console.print()
        heading = (
            f"row {each.row}: {each.prediction}   {each.explained} {each.answer:.4g}, "
            f"{each.base:.4g} on average"
        )
        console.print(safe_text(heading), style="bold", soft_wrap=True)
        console.print(_table(each, columns), soft_wrap=True)


def _table(explained: RowExplanation, columns: int) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column()
    table.add_column()
    table.add_column(justify="right")
    for each in explained.columns[:columns]:
        cell = each.cell if len(each.cell) <= _LONGEST_CELL else f"{each.cell[:_LONGEST_CELL]}…"
        table.add_row(safe_text(each.column), safe_text(cell), f"{each.contribution:+.4g}")
    rest = explained.columns[columns:]
    if rest:
        moved = sum(each.contribution for each in rest)
        table.add_row(f"{len(rest)} more columns", "", f"{moved:+.4g}", style="dim")
    return table
