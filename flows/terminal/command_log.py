"""Send the output of libraries, and tracebacks of errors, to the log file of a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from espalier.flows.terminal.exits import LoggedError, error_line
from espalier.infra.operations.logs import chatter_to, new_log_path
from espalier.infra.places import require_home, require_writable
from espalier.infra.store_errors import explained
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from espalier.infra.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFrame:
    """Settings, terminal and log of a command.

    Attributes
    ----------
    settings : Settings
        Settings of this process.
    terminal : file
        The real standard output; ``sys.stdout`` goes to the log meanwhile.
    log_path : Path
        The log file.
    """

    settings: "Settings"
    terminal: TextIO
    log_path: Path


@contextmanager
def logged_command(command: str, *, json_path: Path | None = None) -> Iterator[CommandFrame]:
    """Send library output to a log file, and point errors to the traceback in it.

    Parameters
    ----------
    command : str
        Name of the command; the log file is named after it.
    json_path : Path or None
        File that the command writes; its folder must exist before anything is started.

    Raises
    ------
    UserError
        The folder does not exist, or the block raised a `UserError`.
    LoggedError
        The block raised any other error.
    """
    from espalier.infra.settings import load_settings

    settings = load_settings()
    if json_path is not None:
        require_writable(json_path)
    require_home(settings.home)
    log_path = new_log_path(settings.home, command)
    try:
        with chatter_to(log_path) as terminal:
            yield CommandFrame(settings=settings, terminal=terminal, log_path=log_path)
    except UserError:
        raise
    except Exception as error:
        raise LoggedError(explained(error, settings.home, error_line(error)), log_path) from error
