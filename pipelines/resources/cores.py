"""The cores of the machine, and their division among workers and their threads."""

import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path

from espalier.pipelines.resources.memory import WORKERS_SHARE, machine_memory, workers_within

TABLE_COPIES = 6
"""Copies of the prepared table that a worker holds at its peak: its own, the fold's part of it, the
part that early stopping leaves, and two to three of the feature matrix."""

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_OLD_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
_OLD_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")


@dataclass(frozen=True, slots=True)
class Division:
    """How the cores of a training are divided.

    Attributes
    ----------
    workers : int
        Number of trials that run at the same time, at least 1.
    threads : int
        Number of threads of each, at least 1.
    """

    workers: int
    threads: int = 1


def usable_cores() -> int:
    """Return the number of cores this process may use, by affinity and container limits."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = container_cores()
    return max(1, min(cores or 1, quota or cores or 1))


def own_cores() -> int:
    """Return the cores to use where nobody says how many: all, or this process's share.

    A worker process of joblib (as ``cross_val_score(..., n_jobs=2)`` starts them) gets the threads
    that joblib gives it; a daemon, such as a process of a pool or a Dask worker, gets one. Their
    owner already divides the cores.
    """
    process = multiprocessing.current_process()
    if process.name.startswith("LokyProcess"):
        given = os.environ.get("OMP_NUM_THREADS", "")
        return min(max(1, int(given)), usable_cores()) if given.isdigit() else 1
    return 1 if process.daemon else usable_cores()


def divide(
    cores: int, table_bytes: int, *, memory_limit: str | None = None, with_threads: bool = True
) -> Division:
    """Divide cores among workers: one each, as long as memory allows.

    Two trials of one thread end sooner than two trials after each other that have two threads
    each, and far sooner than two at a time with two threads each on two cores. Only where so many
    copies of a large table do not fit into memory are there fewer workers, with threads instead.

    Parameters
    ----------
    cores : int
        Cores that may be used.
    table_bytes : int
        Size of the prepared table, of which every worker has `TABLE_COPIES`.
    memory_limit : str or None
        Memory that each worker may use, such as ``"4GiB"``; None for an equal share.
    with_threads : bool
        Whether a worker may have several threads. Sums of floats depend on their number, so a
        search that must not depend on the number of workers has one.
    """
    workers = workers_within(memory_limit, cores)
    room = int(machine_memory() * WORKERS_SHARE) // max(TABLE_COPIES * table_bytes, 1)
    workers = max(1, min(workers, room))
    threads = max(1, min(cores, usable_cores()) // workers) if with_threads else 1
    return Division(workers, threads)


def container_cores() -> int | None:
    """Return the cores a container's CPU quota allows, rounded up; None without one."""
    try:
        if _QUOTA.exists():
            limit, period = _QUOTA.read_text().split()
        else:
            limit, period = _OLD_QUOTA.read_text(), _OLD_PERIOD.read_text()
        return None if limit == "max" or int(limit) < 0 else max(1, -(-int(limit) // int(period)))
    except (OSError, ValueError):
        return None
