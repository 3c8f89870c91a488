"""What tells a process from all others, so that whoever reads of it later can ask if it lives."""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

# Start times are counted from the boot, which moves a little when the clock is set.
_CLOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """A process of a machine. An id alone is not enough, because ids are used again.

    Attributes
    ----------
    host : str
        The machine's name.
    pid : int
        The process's id on it.
    started : float
        When it started, seconds since 1970.
    """

    host: str
    pid: int
    started: float

    @classmethod
    def mine(cls) -> Self:
        """Return this process's."""
        pid = os.getpid()
        return cls(host=socket.gethostname(), pid=pid, started=_started(pid) or 0.0)

    @classmethod
    def parse(cls, record: object) -> Self | None:
        """Return what a record says, other entries aside; None when it names no process."""
        if not isinstance(record, Mapping):
            return None
        try:
            return cls(
                host=str(record["host"]), pid=int(record["pid"]), started=float(record["started"])
            )
        except (KeyError, TypeError, ValueError):
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return it as a record for JSON."""
        return asdict(self)

    @property
    def is_here(self) -> bool:
        """Whether it is of this machine, which alone can tell more."""
        return self.host == socket.gethostname()

    @property
    def is_me(self) -> bool:
        """Whether it is this very process."""
        return self.pid == os.getpid() and self.is_running

    @property
    def is_running(self) -> bool:
        """Whether it is on this machine and lives."""
        started = _started(self.pid) if self.is_here else None
        return started is not None and abs(started - self.started) < _CLOCK_SECONDS

    @property
    def is_dead(self) -> bool:
        """Whether it was on this machine and is gone."""
        return self.is_here and not self.is_running


def _started(pid: int) -> float | None:
    """Return when a process of this machine started; None when there is none."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except (psutil.Error, ValueError):
        return None
