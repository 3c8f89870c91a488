"""Output of `espalier history`: the versions of a model, and the decisions about them."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.registry.registry import RegisteredVersion, versions_of
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.pipelines.lifecycle.promotion.decision import Decision

FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """A version of a model, with the last decision about it.

    Attributes
    ----------
    version : int
        Number of the version.
    aliases : tuple of str
        Its current aliases, such as ``champion``.
    made_ms : int
        When it was registered, in milliseconds since 1970.
    fingerprint : str
        Fingerprint of its training table.
    metric : str
        Metric it was trained for.
    holdout_score : float or None
        Score on its own hold-out.
    decision : str
        Kind of the last decision; empty without a decision.
    reasons : tuple of str
        Reasons of the decision.
    actor : str
        Who decided.
    decided_ms : int or None
        Time of the decision, in milliseconds since 1970.
    numbers : dict of str to float
        Measurements of the decision.
    """

    version: int
    aliases: tuple[str, ...]
    made_ms: int
    fingerprint: str
    metric: str
    holdout_score: float | None
    decision: str = ""
    reasons: tuple[str, ...] = ()
    actor: str = ""
    decided_ms: int | None = None
    numbers: dict[str, float] = field(default_factory=dict)


def read_history(name: str, settings: Settings) -> tuple[HistoryRow, ...]:
    """Return the versions of a model, the newest first.

    Raises
    ------
    UserError
        There is no such model.
    """
    versions = versions_of(name, settings)
    decisions = DecisionLog(settings).read(name)
    # MLflow counts from 1; the first version may have been removed since.
    return tuple(_row(each, decisions, is_first=each.version == 1) for each in versions)


def show_history(name: str, *, as_json: bool) -> None:
    """Print the history of a model.

    Raises
    ------
    UserError
        There is no such model.
    """
    settings = load_settings()
    rows = read_history(name, settings)
    console = Console(markup=False, highlight=False)
    if as_json:
        from espalier.pipelines.serialization.strict_json import to_json

        log = [asdict(each) for each in DecisionLog(settings).read(name)]
        record = {"model": name, "versions": [asdict(row) for row in rows], "decisions": log}
        console.print(to_json(record), soft_wrap=True)
        return
    console.print(history_table(rows))
    for row in rows:
        if row.reasons:
            said = safe_text(" ".join(row.reasons))
            console.print(f"{row.version}, {row.decision}: {said}", soft_wrap=True)
    serving = next((row.version for row in rows if "champion" in row.aliases), None)
    who = "no version serves" if serving is None else f"version {serving} serves now"
    console.print(f"{safe_text(name)}: {who}")


def _row(
    version: RegisteredVersion, decisions: Sequence[Decision], *, is_first: bool
) -> HistoryRow:
    about = [each for each in decisions if each.version == version.version]
    score = version.tags.get("holdout_score")
    row = HistoryRow(
        version=version.version,
        aliases=version.aliases,
        made_ms=version.created_ms,
        fingerprint=version.tags.get("fingerprint", ""),
        metric=version.tags.get("metric", ""),
        holdout_score=None if score is None else float(score),
        decision=FIRST if is_first else "",
        reasons=("The first version serves without a comparison.",) if is_first else (),
    )
    if not about:
        return row
    last = about[-1]
    return replace(
        row,
        decision=str(last.kind),
        reasons=last.reasons,
        actor=last.actor,
        decided_ms=last.at_ms,
        numbers=dict(last.numbers),
    )


def history_table(rows: Sequence[HistoryRow]) -> Table:
    """Return the versions as a table, in the order given."""
    table = Table(box=None, header_style="bold")
    for heading in ("version", "made", "data", "hold-out", "now", "decision", "by"):
        right = heading in ("version", "hold-out")
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "by")
    for row in rows:
        cells: tuple[Any, ...] = (
            str(row.version),
            _day(row.made_ms),
            row.fingerprint[:8],
            "" if row.holdout_score is None else f"{row.metric} {row.holdout_score:.4g}",
            ", ".join(row.aliases),
            f"{row.decision} {_day(row.decided_ms)}".strip(),
            row.actor,
        )
        style = "bold" if "champion" in row.aliases else None if row.aliases else "dim"
        table.add_row(*map(safe_text, cells), style=style)
    return table


def _day(moment_ms: int | None) -> str:
    return "" if not moment_ms else time.strftime("%Y-%m-%d", time.localtime(moment_ms / 1000))
