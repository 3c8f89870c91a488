"""Summary printed after a training run: leaderboard, score, version and next commands."""

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from espalier.flows.progress.listeners import human_seconds
from espalier.flows.reports.training import TrainReport
from espalier.flows.terminal.safe_text import safe_text
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES
from espalier.pipelines.trials.failures import Failures
from espalier.pipelines.trials.trial import TrialStatus
from espalier.tasks.pages.leaderboard_table import front_rows

SHOWN_ROWS = 10
BASELINE = "baseline"
_PROPOSERS = {
    "default": "defaults",
    "starter": "starters",
    "differentiable": "supernets",
    "warm_start": "experience",
    "slower": "longer training",
    ASCENT: "predictor, by ascent",
    CANDIDATES: "predictor, by chance",
    "surrogate": "forest",
}


def print_summary(console: Console, report: TrainReport, *, data: str) -> None:
    """Print the summary of ``report``; ``data`` appears in the suggested predict command."""
    console.print()
    console.print(leaderboard_table(report.leaderboard, metric=report.metric, limit=SHOWN_ROWS))
    console.print()
    console.print(_outcome(report))
    if report.front:
        console.print()
        console.print(_front_table(report))
    _print_next_steps(console, report, data)
    print_failures(console, report.failures)


def outcome_line(report: TrainReport) -> str:
    """Return version, score and alias in a line, for those who want no more."""
    alias = f", {report.alias}" if report.alias else ""
    said = describe_interval(report.holdout_interval)
    return safe_text(
        f"{report.model}/{report.version}: {report.metric} {report.holdout_score:.5g} ({said})"
        f"{alias}"
    )


def print_failures(console: Console, failures: Sequence[Failures]) -> None:
    """Print a table of why trials have no score; print nothing if all have one."""
    if failures:
        console.print()
        console.print(_failure_table(failures))


def leaderboard_table(rows: Sequence[LeaderboardRow], *, metric: str, limit: int) -> Table:
    """Return a table of the best ``limit`` trials, and of all trials with an ensemble weight."""
    table = Table(
        box=None,
        pad_edge=True,
        header_style="bold",
        title="Leaderboard",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("trial", justify="right", style="dim")
    table.add_column("family", no_wrap=True)
    table.add_column(metric, justify="right", no_wrap=True)
    table.add_column("±", justify="right", style="dim")
    table.add_column("fit", justify="right")
    table.add_column("ms/row", justify="right")
    table.add_column("MiB", justify="right")
    table.add_column("weight", justify="right")
    table.add_column("", style="dim")
    scored = [row for row in rows if row.status is TrialStatus.SUCCESS]
    shown = [row for place, row in enumerate(scored) if place < limit or row.weight]
    for row in shown:
        table.add_row(
            str(row.trial),
            safe_text(f"{row.family}, {row.variant}" if row.variant else row.family),
            _number(row.score, 5),
            _number(row.score_std, 2),
            human_seconds(row.fit_seconds),
            _number(row.predict_ms_per_row, 2),
            _number(row.size_mb, 2),
            f"{row.weight:.2f}" if row.weight else "",
            "*" if row.pareto else "",
            style="green" if row.weight else None,
        )
    hidden = len(scored) - len(shown)
    captions = ["* no other is better, quicker and smaller at once"] if len(shown) > 1 else []
    captions += [f"and {hidden} more: espalier leaderboard"] if hidden > 0 else []
    if captions:
        table.caption = "\n".join(captions)
        table.caption_justify = "left"
    return table


def _outcome(report: TrainReport) -> Panel:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", justify="right")
    grid.add_column()
    direction = "higher" if report.higher_is_better else "lower"
    score = Text.assemble(
        (f"{report.holdout_score:.5g}", "bold green" if _beats_dummy(report) else "bold red"),
        f"   {describe_interval(report.holdout_interval)}",
    )
    grid.add_row(f"hold-out {report.metric}", score)
    before = "; from before it learnt from them too" if report.refit_on_all else ""
    is_forecast = report.task == FORECAST
    what = "values" if is_forecast else "rows"
    rows = f"{report.n_holdout:,} {what}; {direction} is better{before}"
    grid.add_row("", Text(rows, style="dim"))
    grid.add_row("seasonal naive" if is_forecast else "dummy model", f"{report.baseline_score:.5g}")
    cross = "earlier origins" if is_forecast else "cross-validated"
    grid.add_row(cross, f"{report.cv_score:.5g}   {_members(report)}")
    resumed = f", {report.n_resumed} taken over" if report.n_resumed else ""
    failed = f", {report.n_failed} without a score" if report.n_failed else ""
    seconds = human_seconds(report.seconds["total"])
    startup = human_seconds(report.seconds["startup"])
    stopped = sum(row.status is TrialStatus.PRUNED for row in report.leaderboard)
    early = f", {stopped} stopped early as clearly worse" if stopped else ""
    grid.add_row("trials", f"{report.n_trials}{early}{failed}{resumed}")
    grid.add_row("proposed by", _proposers(report))
    compared, won = _ascents(report)
    if compared:
        grid.add_row("ascent", f"beat 2,000 random candidates in {won} of {compared} proposals")
    grid.add_row("time", f"{seconds} + {startup} to start")
    title = Text.assemble(
        (report.model, "bold"),
        " version ",
        (str(report.version), "bold"),
        " is ",
        (
            report.alias or "registered",
            "bold green" if report.alias == "champion" else "bold yellow",
        ),
    )
    return Panel(grid, title=title, title_align="left", border_style="green", expand=False)


def _print_next_steps(console: Console, report: TrainReport, data: str) -> None:
    is_champion = report.alias == "champion"
    program = shlex.quote(_program())
    model = shlex.quote(report.model if is_champion else f"{report.model}/{report.version}")
    steps = {
        "predict": f"{program} predict {shlex.quote(data)} --model {model} --out predictions.csv",
        "the report": f"{program} report {model}",
        "every trial": f"{program} leaderboard {model}",
        "open the pages": f"{program} ui",
    }
    console.print("\nNext", style="bold")
    for label, command in steps.items():
        # Not wrapped, so that it can be copied.
        console.print(Text.assemble((f"{label:>16}  ", "dim"), (command, "cyan")), soft_wrap=True)


def _program() -> str:
    """Return how to call the program: ``espalier`` if it is on the path, else its file."""
    called = Path(sys.argv[0])
    if which("espalier") is not None or called.name != "espalier":
        return "espalier"
    called = called.absolute()
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_relative_to(here) else called)


def _proposers(report: TrainReport) -> str:
    """Return the number of trials by their proposer, the largest first."""
    counts = Counter(_PROPOSERS.get(row.origin, row.origin) for row in report.leaderboard)
    return ", ".join(f"{safe_text(who)} {count}" for who, count in counts.most_common())


def _ascents(report: TrainReport) -> tuple[int, int]:
    """Return the number of proposals where ascent competed with random candidates, and its wins."""
    origins = [row.origin for row in report.leaderboard]
    won = origins.count(ASCENT)
    return won + origins.count(CANDIDATES), won


def _beats_dummy(report: TrainReport) -> bool:
    sign = 1 if report.higher_is_better else -1
    return sign * report.holdout_score > sign * report.baseline_score


def _members(report: TrainReport) -> str:
    if report.ensemble == BASELINE:
        return "the best constant, as every trial failed"
    members = [row for row in report.leaderboard if row.weight]
    many = f"{len(members)} models" if len(members) != 1 else "1 model"
    return f"{report.ensemble} of {many}" if len(members) > 1 else f"{report.ensemble}, {many}"


def _failure_table(failures: Sequence[Failures]) -> Table:
    table = Table(
        box=None,
        header_style="bold",
        title="Without a score",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("trials", justify="right")
    table.add_column("family", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    table.add_column("why", style="dim")
    for each in failures:
        table.add_row(str(each.count), each.family, each.status, Text(safe_text(each.reason)))
    return table


def _front_table(report: TrainReport) -> Table:
    table = Table(
        box=None,
        header_style="bold",
        title="Score and costs: no other model is as good in all of them",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("model")
    for name in (report.metric, "ms/row", "MiB", "operations"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    for point, row in zip(report.front, front_rows(report.front), strict=True):
        table.add_row(*map(safe_text, row), style="green" if point.chosen else None)
    return table


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"
