"""Run `espalier promote`: ask on the terminal if needed, and print the outcome."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from espalier.flows.cli.runs.train import prefect_told
from espalier.flows.terminal.command_log import logged_command
from espalier.flows.terminal.outcome_file import failures_in
from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.places import write_json
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.promote import PromoteRequest

YES = "--yes on the command line"

if TYPE_CHECKING:
    from rich.console import Console

    from espalier.flows.progress.approval import ApprovalAnswer
    from espalier.flows.reports.promotion import PromotionReport


def run_promotion(
    request: PromoteRequest, *, json_path: Path | None, yes: bool, comment: str | None = None
) -> None:
    """Run the flow, print the outcome, and write it to ``json_path``.

    With ``yes``, a question is answered with it, and ``comment`` is recorded with the answer.

    Raises
    ------
    UserError
        The request cannot be carried out, or no person can be asked for approval.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """
    from espalier.infra.registry.registry import resolve

    with (
        failures_in(json_path, request.name),
        logged_command("promote", json_path=json_path) as frame,
    ):
        from espalier.infra.orchestration.server import PrefectServer

        # The address of the server must be known before prefect is imported, by the flow.
        with PrefectServer(frame.settings).start() as server:
            resolve(request.name, frame.settings)
            if request.policy == "approve" and not yes:
                _somebody_to_ask(own_server=server.is_own)
            server.wait()
            answer = (comment or YES) if yes else None
            report = _run(request, frame.terminal, answer=answer, own_server=server.is_own)
            if json_path is not None:
                write_json(json_path, report.to_dict())
            _show(report, frame.terminal)


def _run(
    request: PromoteRequest, terminal: TextIO, *, answer: str | None, own_server: bool
) -> "PromotionReport":
    from espalier.flows.progress.approval import ApprovalAnswer, answered_by
    from espalier.flows.promote_flow import promote

    def ask(question: str) -> ApprovalAnswer:
        if answer is not None:
            return ApprovalAnswer(approved=True, comment=answer)
        return _ask_on(terminal, question)

    here = answer is not None or sys.stdin.isatty() or own_server
    with prefect_told(), answered_by(ask) if here else nullcontext():
        return promote(request)


def _somebody_to_ask(*, own_server: bool) -> None:
    if own_server and not sys.stdin.isatty():
        raise UserError(
            "policy approve needs somebody to ask: run it on a terminal, or beside `espalier ui` "
            "to be asked in the Prefect UI, or answer ahead with --yes"
        )


def _ask_on(terminal: TextIO, question: str) -> "ApprovalAnswer":
    """Ask on the terminal, even if standard output is redirected, and return the answer."""
    from espalier.flows.progress.approval import ApprovalAnswer

    shown = "\n".join(safe_text(line) for line in question.splitlines())
    terminal.write(f"{shown}\n\nPromote? [y/N] ")
    terminal.flush()
    said = sys.stdin.readline()
    return ApprovalAnswer(approved=said.strip().lower() in ("y", "yes"), comment="on the terminal")


def _show(report: "PromotionReport", terminal: TextIO) -> None:
    from rich.console import Console

    console = Console(file=terminal, highlight=False, markup=False, soft_wrap=True)
    for line in report.noticed:
        console.print(f"noticed: {safe_text(line)}", style="yellow")
    print_outcome(report, console)


def print_outcome(report: "PromotionReport", console: "Console") -> None:
    """Print the outcome of a promotion and its reasons."""
    model, version = safe_text(report.model), report.challenger
    serving = (
        "no version serves" if report.champion is None else f"version {report.champion} serves"
    )
    headline = {
        "promoted": f"promoted: {model}/{version} serves now",
        "kept": f"not promoted: {model}/{version}; {serving}",
        "declined": f"declined: {model}/{version}; {serving}",
        "unanswered": f"no answer: {model}/{version} is not promoted; {serving}",
        "a person is asked": f"a person is asked about {model}/{version}; {serving}",
    }.get(report.outcome, f"{report.outcome}: {serving}")
    console.print(headline, style="bold green" if report.promoted else "bold")
    for reason in report.reasons:
        console.print(f"  {safe_text(reason)}")
