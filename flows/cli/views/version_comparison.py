"""Output of `espalier compare`: two versions side by side."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.places import require_writable, write_json
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.pipelines.lifecycle.promotion.comparison import ScoreComparison
from espalier.pipelines.redaction import redact
from espalier.tasks.promotion.compare_versions import Side, VersionComparison, compare_versions

COLUMNS_SHOWN = 12


def show_comparison(first: str, second: str, *, json_path: Path | None) -> None:
    """Compare two versions and print what differs.

    Raises
    ------
    UserError
        There is no such model, the two cannot be compared, or ``json_path`` cannot be written.
    """
    if json_path is not None:
        require_writable(json_path)
    settings = load_settings()
    found = compare_versions(resolve(first, settings), resolve(second, settings), settings)
    if json_path is not None:
        write_json(json_path, found.to_dict())
    # What others wrote into the registry is no markup.
    console = Console(markup=False, highlight=False)
    console.print(_versions(found), soft_wrap=True)
    console.print(f"\n{_verdict(found)}", soft_wrap=True)
    for note in found.notes:
        console.print(safe_text(note), style="dim", soft_wrap=True)
    for title, table in (
        ("options", _pairs(found, found.options, "option")),
        ("members, by share of the weight", _pairs(found, found.members, "family")),
        (
            "what they need: loss of score when a column is shuffled",
            _pairs(found, found.importances[:COLUMNS_SHOWN], "column"),
        ),
    ):
        if table.row_count:
            console.print(f"\n{title}", style="bold")
            console.print(table, soft_wrap=True)


def _versions(found: VersionComparison) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("model", "alias", "metric", "own hold-out", "95 % interval", "table"):
        table.add_column(heading, no_wrap=True)
    for side in (found.first, found.second):
        table.add_row(*map(safe_text, _cells(side)))
    return table


def _cells(side: Side) -> tuple[str, ...]:
    score, interval = "", ""
    if side.holdout is not None:
        score = f"{side.holdout[0]:.5g}"
        interval = f"{side.holdout[1]:.5g} to {side.holdout[2]:.5g}"
    return side.shown, ", ".join(side.aliases), side.metric, score, interval, side.fingerprint[:8]


def _verdict(found: VersionComparison) -> str:
    scores = found.scores
    if scores is None:
        return "Their scores cannot be compared on common rows."
    return safe_text(
        f"On {scores.n_rows:,} rows that neither learnt from: {found.first.shown} "
        f"{scores.champion:.5g}, {found.second.shown} {scores.challenger:.5g} ({scores.metric}). "
        f"{_who(found, scores)}"
    )


def _who(found: VersionComparison, scores: ScoreComparison) -> str:
    interval = f"95 % interval {scores.low:+.4g} to {scores.high:+.4g}"
    if scores.low > 0:
        return f"{found.second.shown} is better by {scores.difference:.4g} ({interval})."
    if scores.high < 0:
        return (
            f"{found.first.shown} is better by {-scores.difference:.4g} (95 % interval "
            f"{-scores.high:+.4g} to {-scores.low:+.4g})."
        )
    return f"Neither is shown to be better: the second by {scores.difference:+.4g} ({interval})."


def _pairs(found: VersionComparison, rows: Any, heading: str) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column(heading)
    for side in (found.first, found.second):
        table.add_column(safe_text(side.shown), justify="right")
    for name, first, second in rows:
        table.add_row(safe_text(str(name)), _text(first), _text(second))
    return table


def _text(value: Any) -> str:
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return safe_text(", ".join(map(str, value)))
    return safe_text(redact(str(value)))
