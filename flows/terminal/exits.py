"""Report the failure of a command as one line on stderr and an exit status."""

import functools
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer

from espalier.flows.terminal.safe_text import safe_text
from espalier.pipelines.errors import EspalierError, UserError
from espalier.pipelines.redaction import redact

P = ParamSpec("P")
R = TypeVar("R")

FAILED = 1
WRONG_INPUT = 2


class LoggedError(EspalierError):
    """An error whose traceback has been written to a log file.

    Attributes
    ----------
    log_path : Path
        The log file.
    """

    def __init__(self, message: str, log_path: Path) -> None:
        super().__init__(message)
        self.log_path = log_path


def error_line(error: BaseException) -> str:
    """Return the error's message on one line."""
    text = redact(" ".join(str(error).split()))
    return text or type(error).__name__


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors of a command into one line on stderr and an exit status.

    A `UserError` exits with 2. Anything else exits with 1, and the traceback goes to a log file
    whose path is printed.
    """

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except UserError as error:
            say_error(error_line(error))
            raise typer.Exit(WRONG_INPUT) from None
        except KeyboardInterrupt:
            say_error("stopped; the same command continues where this one left off")
            raise typer.Exit(FAILED) from None
        except typer.Exit:
            raise
        except LoggedError as error:
            say_error(f"{error_line(error)} (details in {error.log_path})")
            raise typer.Exit(FAILED) from None
        except Exception as error:
            if (said := _wrong_home(error)) is not None:
                say_error(said)
                raise typer.Exit(WRONG_INPUT) from None
            say_error(f"{error_line(error)} (details in {_write_traceback(error)})")
            raise typer.Exit(FAILED) from None

    return guarded


def say_error(line: str) -> None:
    """Print ``error: line`` on stderr, unwrapped, red on a terminal."""
    red, plain = ("\x1b[1;31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
    sys.stderr.write(f"{red}error:{plain} {safe_text(line)}\n")
    sys.stderr.flush()


def _wrong_home(error: Exception) -> str | None:
    """Return what to say where the home folder is what is wrong."""
    from espalier.infra.places import wrong_home
    from espalier.infra.settings import load_settings

    return wrong_home(error, load_settings().home)


def _write_traceback(error: BaseException) -> str:
    """Append the traceback to ``errors.log`` and return the path of that file."""
    from espalier.infra.log_rotation import rotate
    from espalier.infra.settings import load_settings

    path = load_settings().home / "errors.log"
    text = redact("".join(traceback.format_exception(error)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rotate(path)
        with path.open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    except OSError:
        return "no log: it cannot be written"
    return str(path)
