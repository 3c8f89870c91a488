"""A flow run from the command line: a server for it, a console to tell, a log for the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flows.exits import LoggedError, one_line
from pipelines.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")


def watched(
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
        Imports the flow and runs it; the flow tells `current_watcher`.
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
    from infra.logs import chatter_to, new_log_path
    from infra.settings import load_settings

    settings = load_settings()
    if json_path is not None and not json_path.absolute().parent.is_dir():
        raise UserError(f"the folder of {str(json_path)!r} does not exist; make it first")
    log_path = new_log_path(settings.home, command)
    try:
        with chatter_to(log_path) as terminal:
            from rich.console import Console

            from flows.console import open_console
            from flows.current_watcher import watched_by
            from flows.run_training import told_to_prefect
            from infra.prefect_server import PrefectServer

            console = Console(file=terminal, highlight=False, markup=False)
            # The address of the server must be known before prefect is imported, by the flow.
            with PrefectServer(settings).start() as server:
                check(server.is_own)
                watcher = open_console(title, console)
                with watcher, watched_by(watcher), told_to_prefect():
                    server.wait()
                    outcome = run()
                show(outcome, console)
    except UserError:
        raise
    except Exception as error:
        raise LoggedError(one_line(error), log_path) from error
