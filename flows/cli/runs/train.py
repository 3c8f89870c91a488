"""Run `espalier train`: start server and workers at once, show progress, print the outcome."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import psutil

from espalier.flows.terminal.command_log import logged_command
from espalier.flows.terminal.exits import error_line
from espalier.flows.terminal.outcome_file import failures_in
from espalier.infra.places import write_json
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.trials.failures import SearchFailedError

if TYPE_CHECKING:
    from rich.console import Console

    from espalier.flows.reports.training import TrainReport
    from espalier.infra.settings import Settings
    from espalier.tasks.data.early_table import EarlyTable

FLUSH_SECONDS = 5.0


def run_training(request: TrainRequest, *, json_path: Path | None) -> None:
    """Run the flow with live progress, print the outcome, and write it to ``json_path``.

    Raises
    ------
    UserError
        The request cannot be carried out.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """
    started_at = process_start()
    with (
        failures_in(json_path, request.model_name),
        logged_command("train", json_path=json_path) as frame,
    ):
        from espalier.flows.training.session import begin_reading
        from espalier.infra.tables.placeholders import needs_blocks

        # A source in a block of Prefect can be read only once its server is there.
        early = not needs_blocks(request.data)
        table = begin_reading(request, frame.settings) if early else None
        _run(request, frame.settings, frame.terminal, json_path, table=table, started_at=started_at)


def _run(
    request: TrainRequest,
    settings: "Settings",
    terminal: TextIO,
    json_path: Path | None,
    *,
    table: "EarlyTable | None",
    started_at: float,
) -> None:
    from rich.console import Console

    from espalier.flows.progress.progress_file import told_to_file
    from espalier.flows.terminal.console import open_console
    from espalier.flows.terminal.verbosity import asked_verbosity
    from espalier.flows.training.session import TrainingSession, begin_reading, use_session
    from espalier.infra.orchestration.server import PrefectServer

    console = Console(file=terminal, highlight=False, markup=False)
    title = f"{request.shown_data} → {request.target}"
    shown = open_console(title, console, asked_verbosity())
    listener = told_to_file(shown, title)
    # The address of the server must be known before prefect is imported, by the flow.
    with PrefectServer(settings).start() as server, ExitStack() as stack:
        if table is None:
            server.wait()
            table = begin_reading(request, settings)
        session = stack.enter_context(
            TrainingSession(request, settings, listener, table=table, started_at=started_at)
        )
        try:
            with shown, use_session(session), prefect_told():
                from espalier.flows.train_flow import train

                table.wait()  # a fault of a large table may show only now
                server.wait()
                try:
                    report = train(request)
                except Exception as error:
                    if session.report is None:
                        raise
                    # The model is registered; only Prefect could not be informed.
                    listener.warn(f"Prefect was not told that the run is done: {error_line(error)}")
                    report = session.report
        except SearchFailedError as error:
            from espalier.flows.cli.views.training_summary import print_failures

            print_failures(console, error.failures)
            raise
        # Before workers and server stop, which takes a moment.
        _leave(report, request, console, json_path)


def _leave(
    report: "TrainReport", request: TrainRequest, console: "Console", json_path: Path | None
) -> None:
    """Print the outcome, and write it to ``json_path``."""
    from espalier.flows.cli.views.training_summary import outcome_line, print_summary
    from espalier.flows.terminal.verbosity import Verbosity, asked_verbosity

    if json_path is not None:
        write_json(json_path, report.to_dict())
    if asked_verbosity() is Verbosity.QUIET:
        console.print(outcome_line(report), soft_wrap=True)
        return
    print_summary(console, report, data=request.shown_data)


@contextmanager
def prefect_told() -> Iterator[None]:
    """Send all pending task states and log lines to Prefect at the end of the block.

    Threads send them in the background; the server may stop right after the block.
    """
    try:
        yield
    finally:
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogWorker

        for worker in (EventsWorker, APILogWorker):
            worker.drain_all(timeout=FLUSH_SECONDS)


def process_start() -> float:
    """Return the start time of this process, in seconds since 1970."""
    return float(psutil.Process(os.getpid()).create_time())
