"""A flow run from the command line: a server for it, a console to tell, a log for the rest."""

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
    """Run a flow with a Prefect server at hand, and show what came of it.

    Parameters
    ----------
    command : str
        Names the log file.
    title : str
        Shown above the run.
    check : callable
        Raises `UserError` for what can be known at once; called while the server starts, with
        whether the server is this command's own.
    run : callable
        Imports the flow and runs it; the flow tells `current_listener`.
    show : callable
        Puts what ``run`` returned on the screen and into files.
    json_path : Path or None
        A file that ``show`` writes; its folder must be there before anything is started.

    Raises
    ------
    UserError
        What is asked cannot be done.
    LoggedError
        Anything else; its log tells more.
    """
    with logged_command(command, json_path=json_path) as frame:
        from rich.console import Console

        from espalier.flows.cli.runs.train import prefect_told
        from espalier.flows.progress.current_listener import listening
        from espalier.flows.terminal.console import open_console
        from espalier.infra.orchestration.server import PrefectServer

        console = Console(file=frame.terminal, highlight=False, markup=False)
        # The address of the server must be known before prefect is imported, by the flow.
        with PrefectServer(frame.settings).start() as server:
            check(server.is_own)
            listener = open_console(title, console)
            with listener, listening(listener), prefect_told():
                server.wait()
                outcome = run()
            show(outcome, console)
