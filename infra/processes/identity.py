"""The identity of a process, by which other processes can later check whether it is alive."""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import psutil

# Start times are relative to the boot time, which changes slightly when the clock is set.
_CLOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """A process of a machine: host, process id and start time, since ids are reused.

    Attributes
    ----------
    host : str
        The machine's name.
    pid : int
        The process's id on it.
    started : float
        Start time, in seconds since 1970.
    """

    host: str
    pid: int
    started: float

    @classmethod
    def mine(cls) -> Self:
        """Return the identity of this process."""
        pid = os.getpid()
        return cls(host=socket.gethostname(), pid=pid, started=_started(pid) or 0.0)

    @classmethod
    def parse(cls, record: object) -> Self | None:
        """Return the identity in a record, ignoring other entries; None if there is none."""
        if not isinstance(record, Mapping):
            return None
        try:
            return cls(
                host=str(record["host"]), pid=int(record["pid"]), started=float(record["started"])
            )
        except (KeyError, TypeError, ValueError):
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)

    @property
    def is_here(self) -> bool:
        """Whether the process is of this machine; only then can its state be checked."""
        return self.host == socket.gethostname()

    @property
    def is_me(self) -> bool:
        """Whether it is this process."""
        return self.pid == os.getpid() and self.is_running

    @property
    def is_running(self) -> bool:
        """Whether the process is of this machine and alive."""
        started = _started(self.pid) if self.is_here else None
        return started is not None and abs(started - self.started) < _CLOCK_SECONDS

    @property
    def is_dead(self) -> bool:
        """Whether the process was on this machine and has ended."""
        return self.is_here and not self.is_running


def _started(pid: int) -> float | None:
    """Return the start time of a process of this machine; None if there is no such process."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except (psutil.Error, ValueError):
        return None
