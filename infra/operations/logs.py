"""Send all output of libraries to one log file per command, and keep the terminal for ours.

Prefect, Dask and MLflow set up logging when they are imported, native code prints to the standard
streams, and worker processes inherit them. So the process's standard output and error are
redirected to the log file, and code that writes to the user is given the terminal explicitly.
"""

import io
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TextIO, cast

from espalier.infra.log_redaction import RedactingFormatter
from espalier.infra.log_rotation import rotate
from espalier.pipelines.errors import UserError

_LOG = logging.getLogger(__name__)

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# The size of a log is looked at after so much more text.
_CHECK_BYTES = 2**20
# Loggers that write a line for each request of the Prefect client.
_TOO_CHATTY = ("httpx", "httpcore", "urllib3", "asyncio", "websockets")


def new_log_path(home: Path, command: str) -> Path:
    """Return the path of a new log for a command, in ``logs/`` of the home folder."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return home / "logs" / f"{command}-{stamp}-{os.getpid()}.log"


@contextmanager
def chatter_to(path: Path, *, level: int = logging.INFO) -> Iterator[TextIO]:
    """Context manager that sends output, logging and warnings of this process to a file.

    Enter it before prefect, distributed and mlflow are imported: they add no output of their own if
    there is a root handler with a format.

    Parameters
    ----------
    path : Path
        The log file, which is appended to; its folder is created.
    level : int
        Lowest level of log records to write.

    Yields
    ------
    TextIO
        The terminal, or the previous standard output, for messages to the user. The traceback of an
        exception that leaves the block is written to the file, unless it is a `UserError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        _open_log(path) as log,
        _terminal_kept(log) as terminal,
        redirect_stdout(log),
        redirect_stderr(log),
        _logging_to(log, level),
    ):
        try:
            yield terminal
        except UserError:
            raise
        except Exception as error:
            _LOG.error("ended by %s", type(error).__name__, exc_info=error)
            raise


class _LogFile(io.TextIOWrapper):
    """A log file that never raises: on a full disk its lines are lost."""

    unchecked = 0

    def write(self, text: str) -> int:
        """Write ``text`` as far as possible, and report all of it as written."""
        with suppress(OSError):
            super().write(text)
            self.unchecked += len(text)
            if self.unchecked > _CHECK_BYTES:  # a command such as `serve` goes on for months
                self.unchecked = 0
                rotate(Path(str(self.name)))
        return len(text)

    def flush(self) -> None:
        """Flush as far as possible."""
        with suppress(OSError):
            super().flush()


def _open_log(path: Path) -> _LogFile:
    """Open a log for appending, line by line."""
    raw = path.open("ab", buffering=0)
    return _LogFile(cast(Any, raw), encoding="utf-8", errors="backslashreplace", write_through=True)


@contextmanager
def _terminal_kept(log: TextIO) -> Iterator[TextIO]:
    """Redirect the file descriptors 1 and 2 to the log; yield the previous standard output.

    If standard output is not a real file (in a test or a notebook), they are not redirected.
    """
    if not _is_descriptor(sys.stdout, 1):
        yield sys.stdout
        return
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = os.dup(1), os.dup(2)
    encoding = sys.stdout.encoding or "utf-8"
    with open(out, "w", encoding=encoding, errors="replace", buffering=1) as terminal:
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            yield terminal
        finally:
            terminal.flush()
            log.flush()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.close(err)


@contextmanager
def _logging_to(log: TextIO, level: int) -> Iterator[None]:
    """Send log records and warnings only to the log; restore the old state afterwards."""
    handler = logging.StreamHandler(log)
    handler.setLevel(level)
    handler.setFormatter(RedactingFormatter(_FORMAT))
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", *_TOO_CHATTY)}
    root.setLevel(min(level, root.level or level))
    for name in _TOO_CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    put_aside = _printing_handlers()
    for logger, printing in put_aside:
        logger.removeHandler(printing)
    root.addHandler(handler)
    # A handler that fails would print the record's arguments as they are, passwords too.
    complaining, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        with warnings.catch_warnings():  # sets the display back, too
            warnings.showwarning = _log_warning
            yield
    finally:
        logging.raiseExceptions = complaining
        root.removeHandler(handler)
        for logger, printing in put_aside:
            logger.addHandler(printing)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write a warning to the log; replaces `warnings.showwarning`."""
    del file, line
    _LOG.warning("%s (%s, %s:%d)", message, category.__name__, filename, lineno)


def _printing_handlers() -> list[tuple[logging.Logger, logging.Handler]]:
    """Return the handlers that write to standard output or error, with their loggers."""
    named = [
        each
        for each in logging.root.manager.loggerDict.values()
        if isinstance(each, logging.Logger)
    ]
    streams = [sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr]
    return [
        (logger, handler)
        for logger in (logging.root, *named)
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler)
        and any(handler.stream is stream for stream in streams)
    ]


def _is_descriptor(stream: TextIO, number: int) -> bool:
    try:
        return stream.fileno() == number
    except (OSError, ValueError, AttributeError):
        return False
