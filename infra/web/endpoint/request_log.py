"""The request log: what was asked and answered, for `espalier monitor --requests`.

It is a folder of files of JSON lines, one line a row (`espalier.infra.web.answering.log_lines`):

    requests/NAME/20261130T074233-4711.jsonl        in the home folder

Files are of bounded size; the oldest go when the folder is full, or when they are older than raw
rows may be. Only their owner can read them, since they hold what users sent.
"""

import contextlib
import datetime
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_LOG = logging.getLogger(__name__)

ENDING = ".jsonl"
FILES = 20
"""Number of files that a full log has."""
MOST_WAITING = 1_000
"""Writes that may wait for the disk; what comes then is not logged."""
_DAY_SECONDS = 86_400.0
_FILE_SECONDS = 3_600.0


class RequestLog:
    """Writes one model's request log, in a thread of its own.

    Parameters
    ----------
    folder : Path
        The log; created with the first line.
    most_bytes : int
        Its largest size.
    keep_days : float
        Days after which lines are removed; 0 keeps them.
    clock : callable () -> float
        Seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        *,
        most_bytes: int,
        keep_days: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._file_bytes = max(1, most_bytes // FILES)
        self._keep_days = keep_days
        self._clock = clock
        self._path: Path | None = None
        self._opened = 0.0
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="request-log")
        self.n_dropped = 0

    def append(self, lines: bytes) -> None:
        """Write lines soon; drop them where the disk cannot keep up."""
        if self._waiting >= MOST_WAITING:
            self.n_dropped += 1
            return
        self._waiting += 1
        self._thread.submit(self._write, lines)

    def close(self) -> None:
        """Write what waits."""
        self._thread.shutdown(wait=True)

    def _write(self, lines: bytes) -> None:
        try:
            path = self._current()
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(opened, "ab") as file:
                file.write(lines)
        except OSError as error:
            self.n_dropped += 1
            if self.n_dropped == 1:
                _LOG.warning("the request log cannot be written: %s", error)
        finally:
            self._waiting -= 1

    def _current(self) -> Path:
        """Return the file to write to: a new one when the last one is full or old."""
        now = self._clock()
        path = self._path
        if path is not None and now - self._opened < _FILE_SECONDS:
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_size < self._file_bytes:
                    return path
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._tidy(now)
        self._path = self._folder / f"{_stamp(now)}-{os.getpid()}{ENDING}"
        self._opened = now
        return self._path

    def _tidy(self, now: float) -> None:
        """Remove files that are too old, and the oldest of a log that is full."""
        files = sorted(self._folder.glob(f"*{ENDING}"))
        sizes = {path: path.stat().st_size for path in files}
        total = sum(sizes.values())
        oldest = _stamp(now - self._keep_days * _DAY_SECONDS) if self._keep_days else ""
        for path in files:
            if path.name >= oldest and total <= self._file_bytes * (FILES - 1):
                continue
            path.unlink(missing_ok=True)
            total -= sizes[path]


def _stamp(seconds: float) -> str:
    """Return a time as the beginning of a file's name; later ones sort behind earlier ones."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y%m%dT%H%M%S%f")
