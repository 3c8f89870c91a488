"""Run `espalier monitor` with live progress, and print the outcome."""

from pathlib import Path
from typing import TYPE_CHECKING

from espalier.flows.cli.runs.flow_command import run_flow_command
from espalier.flows.cli.runs.retrain import print_retraining, require_approver
from espalier.flows.terminal.outcome_file import failures_in
from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.places import write_json
from espalier.pipelines.requests.monitor import MonitorRequest

if TYPE_CHECKING:
    from rich.console import Console

    from espalier.flows.reports.monitoring import MonitorReport

SHOWN_COLUMNS = 10


def run_monitoring(request: MonitorRequest, *, json_path: Path | None) -> None:
    """Run the flow with live progress, print the outcome, and write it to ``json_path``.

    Raises
    ------
    UserError
        The request cannot be carried out.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """

    def check(own_server: bool) -> None:
        from espalier.infra.registry.registry import resolve
        from espalier.infra.settings import load_settings

        resolve(request.name, load_settings())
        require_approver(request.retraining, own_server=own_server)

    def run() -> "MonitorReport":
        from espalier.flows.monitor_flow import monitor

        return monitor(request)

    def show(report: "MonitorReport", console: "Console") -> None:
        if json_path is not None:
            write_json(json_path, report.to_dict())
        print_monitoring(report, console)

    with failures_in(json_path, request.name):
        run_flow_command(
            "monitor", f"monitor {request.name}", check, run, show, json_path=json_path
        )


def print_monitoring(report: "MonitorReport", console: "Console") -> None:
    """Print drift, score and outcome of a monitoring run, and of its retraining."""
    from rich.table import Table

    seen, drift = report.seen, report.seen.comparison.drift
    console.print()
    if drift is not None and drift.columns:
        table = Table(box=None, header_style="bold", title="Drift", title_justify="left")
        table.add_column("column", no_wrap=True)
        for heading in ("stability index", "distance", "missing", "never seen"):
            table.add_column(heading, justify="right")
        found = {each.column for each in drift.drifted(report.limits)}
        target = [] if drift.target is None else [drift.target]
        for each in [*target, *drift.columns[:SHOWN_COLUMNS]]:
            table.add_row(
                safe_text(each.column) + (" (target)" if each is drift.target else ""),
                f"{each.index:.3f}",
                f"{each.distance:.3f}",
                f"{each.missing_before:.1%} → {each.missing_now:.1%}",
                f"{each.new_share:.1%}",
                style="yellow" if each.column in found else None,
            )
        console.print(table)
        console.print()
    lines = [
        f"{seen.n_rows:,} rows, {seen.n_new:,} of them new, {seen.n_labelled:,} scored",
        "no score: too few labelled rows" if seen.score is None else seen.score.text,
        report.line,
    ]
    if report.refusal is not None:
        lines.append(f"the triggered retraining was refused: {report.refusal}")
    for line in lines:
        console.print(safe_text(line), soft_wrap=True)
    if report.retraining is not None:
        print_retraining(report.retraining, console)
