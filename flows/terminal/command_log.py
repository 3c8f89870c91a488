"""What is around a command that runs flows: what is printed goes to a log, and so do errors."""

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
    """What a command works with.

    Attributes
    ----------
    settings : Settings
        Of this process.
    terminal : file
        The true standard output; what libraries print goes to the log.
    log_path : Path
        The log.
    """

    settings: "Settings"
    terminal: TextIO
    log_path: Path


@contextmanager
def logged_command(command: str, *, json_path: Path | None = None) -> Iterator[CommandFrame]:
    """Keep libraries off the terminal, and say of an error where its traceback is.

    Parameters
    ----------
    command : str
        Names the log file.
    json_path : Path or None
        A file that the command writes; its folder must be there before anything is started.

    Raises
    ------
    UserError
        The folder is not there, or the block raised one.
    LoggedError
        The block raised anything else.
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
