"""Which start of which machine, or of which container, this process belongs to.

Process ids and start times have a meaning only within one start of one system. Its name does not
tell: containers get a new one whenever they are made again, and several machines may share one.
"""

import os
import sys
from functools import cache
from pathlib import Path

import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc")
_NAMESPACE = "/proc/self/ns/pid"
# Place of the start time among the fields after the command's name (proc(5): field 22).
_START_FIELD = 19


@cache
def boot_id() -> str:
    """Return the id of this start of the system, with the container's; empty if there is none.

    Linux draws a random id at each start. All containers of a machine share it, so the number of
    the namespace of process ids is added. Other systems have no such id; there are no containers of
    theirs either.
    """
    try:
        return f"{_BOOT.read_text().strip()}/{os.readlink(_NAMESPACE)}"
    except OSError:
        return ""


def start_of(pid: int) -> float | None:
    """Return when a process of this machine started; None if there is none, or it has ended.

    Where `boot_id` is known this is in the kernel's ticks since the system started, which no
    setting of the clock moves. Elsewhere it is in seconds since 1970, as the system noted it down
    when the process started: setting the clock does not move that either.
    """
    return _ticks(pid) if boot_id() else clock_start_of(pid)


def clock_start_of(pid: int) -> float | None:
    """Return when a process of this machine started, in seconds since 1970; None as `start_of`.

    On Linux, setting the clock moves it.
    """
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except (psutil.Error, ValueError):
        return None


def _ticks(pid: int) -> float | None:
    assert sys.platform != "win32"
    try:
        said = (_PROCESSES / str(pid) / "stat").read_text(errors="replace")
        # The command's name, in brackets, may hold anything.
        fields = said.rpartition(")")[2].split()
        return None if fields[0] in ("Z", "X") else float(fields[_START_FIELD])
    except (OSError, IndexError, ValueError):
        return None
