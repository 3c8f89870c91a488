"""Run a flow from the command line: with a Prefect server, a live console and a log file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from espalier.flows.terminal.command_log import logged_command

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")


def run_flow_command(
    command: str,
    title: str,
    check: Callable[[bool], object],
    run: Callable[[], T],
    show: Callable[[T, "Console"], None],
    *,
    json_path: Path | None = None,
) -> None:
    """Run a flow against a Prefect server, with live progress, and show the outcome.

    Parameters
    ----------
    command : str
        Name of the command; the log file is named after it.
    title : str
        Shown above the progress.
    check : callable
        Raises `UserError` for faults that need no flow run to be found. Called while the server
        starts; its argument says whether this command started the server.
    run : callable
        Imports the flow, runs it and returns its result; the flow reports its progress to
        `current_listener`.
    show : callable
        Prints the result of ``run``, and writes it to files.
    json_path : Path or None
        File that ``show`` writes; its folder must exist before anything is started.

    Raises
    ------
    UserError
        The request cannot be carried out.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """
    with logged_command(command, json_path=json_path) as frame:
        from rich.console import Console

        from espalier.flows.cli.runs.train import prefect_told
        from espalier.flows.progress.current_listener import listening
        from espalier.flows.progress.progress_file import told_to_file
        from espalier.flows.terminal.console import open_console
        from espalier.flows.terminal.verbosity import asked_verbosity
        from espalier.infra.orchestration.server import PrefectServer

        console = Console(file=frame.terminal, highlight=False, markup=False)
        # The address of the server must be known before prefect is imported, by the flow.
        with PrefectServer(frame.settings).start() as server:
            check(server.is_own)
            shown = open_console(title, console, asked_verbosity())
            with shown, listening(told_to_file(shown, title)), prefect_told():
                server.wait()
                outcome = run()
            show(outcome, console)
