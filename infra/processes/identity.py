"""The identity of a process, by which other processes can later check whether it is alive."""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from espalier.infra.processes.boot import boot_id, clock_start_of, start_of

# Of processes that were recorded with the clock's time, which moves a little when the clock is set.
_CLOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """A process of a machine: its start of the system, process id and start, as ids are reused.

    Attributes
    ----------
    host : str
        The machine's name, for people. It decides nothing where `boot` is known: a container that
        is made again has another one.
    pid : int
        The process's id on it.
    started : float
        Start of the process: in ticks since the system started if `boot` is known, otherwise in
        seconds since 1970.
    boot : str
        The start of the system or container that it belongs to; empty where the system has no id
        of it (`espalier.infra.processes.boot`), and in records of Espalier before 0.2.
    """

    host: str
    pid: int
    started: float
    boot: str = ""

    @classmethod
    def mine(cls) -> Self:
        """Return the identity of this process."""
        pid = os.getpid()
        return cls(host=socket.gethostname(), pid=pid, started=start_of(pid) or 0.0, boot=boot_id())

    @classmethod
    def parse(cls, record: object) -> Self | None:
        """Return the identity in a record, ignoring other entries; None if there is none."""
        if not isinstance(record, Mapping):
            return None
        try:
            return cls(
                host=str(record["host"]),
                pid=int(record["pid"]),
                started=float(record["started"]),
                boot=str(record.get("boot") or ""),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)

    @property
    def is_here(self) -> bool:
        """Whether it can be checked from here whether the process is alive.

        That is so within the same start of the same machine or container only. Of a machine that
        was started again, and of a container that was made again, the old processes are elsewhere:
        that they are silent is what tells their end.
        """
        return self.boot == boot_id() if self.boot else self.host == socket.gethostname()

    @property
    def is_me(self) -> bool:
        """Whether it is this process."""
        return self.pid == os.getpid() and self.is_running

    @property
    def is_running(self) -> bool:
        """Whether the process is of this machine and alive."""
        if not self.is_here:
            return False
        if self.boot:
            return start_of(self.pid) == self.started
        started = clock_start_of(self.pid)
        return started is not None and abs(started - self.started) < _CLOCK_SECONDS

    @property
    def is_dead(self) -> bool:
        """Whether the process was on this machine and has ended."""
        return self.is_here and not self.is_running
