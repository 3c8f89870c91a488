"""The memory of the machine, and its division among workers."""

from pathlib import Path

import psutil
from pydantic import ByteSize, TypeAdapter

from espalier.pipelines.errors import UserError

# Share of the machine's memory that all workers together may use.
WORKERS_SHARE = 0.8
# Of the rest, the process that holds the table may use what this share of the memory leaves.
_SYSTEM_SHARE = 0.05
# However large its table is, workers keep this part of what they would have without it.
_LEAST_PART = 0.5
# A trial is asked to stop when it uses this share of its limit; its worker is ended only if memory
# continues to grow.
SOFT_SHARE = 0.9
MIB = 2**20

_SIZE = TypeAdapter(ByteSize)
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_bytes(text: str) -> int:
    """Return a size such as ``4GiB``, ``500MB`` or ``1e9`` in bytes.

    Raises
    ------
    UserError
        ``text`` is not a positive size.
    """
    compact = text.strip().lower().replace(" ", "")
    digits = compact.rstrip("bikmgt")
    unit = compact[len(digits) :]
    unit += "b" if unit.endswith("i") else ""  # Kubernetes writes 4Gi
    try:
        # Only the unit is read by pydantic, which knows no 1e9.
        size = int(float(digits) * _SIZE.validate_python(f"1{unit}"))
    except (ValueError, OverflowError):
        raise UserError(f"memory limit {text!r} is not a size; write it like 4GiB") from None
    if size <= 0:
        raise UserError(f"the memory limit must be positive, not {text!r}")
    return size


def machine_memory() -> int:
    """Return the bytes of memory that this process may use, limits of containers included."""
    total = int(psutil.virtual_memory().total)
    for path in _CONTAINER_LIMITS:
        try:
            total = min(total, int(path.read_text()))
        except (OSError, ValueError):  # no container, or "max"
            continue
    return total


def worker_memory(limit: str | None, n_workers: int) -> int:
    """Return the bytes that each of ``n_workers`` workers may use: ``limit``, or an equal share."""
    if limit is not None:
        return memory_bytes(limit)
    return int(machine_memory() * WORKERS_SHARE / n_workers)


def beside_this_process(share: int, n_workers: int) -> int:
    """Return the bytes that each of ``n_workers`` may use beside what this process holds already.

    That is their ``share``, unless this process, which holds the whole table, takes more memory
    than workers leave: then they have so much less together, but never less than half. It is for
    workers that are processes of their own: of a trial in this one the same memory counts already.
    """
    total = machine_memory()
    own = int(psutil.Process().memory_info().rss)
    over = max(0, own - int((1 - WORKERS_SHARE - _SYSTEM_SHARE) * total))
    return max(share - over // n_workers, int(_LEAST_PART * share))


def workers_within(limit: str | None, n_workers: int) -> int:
    """Return how many of ``n_workers`` workers fit into the machine's memory; at least 1."""
    if limit is None:
        return n_workers
    room = int(machine_memory() * WORKERS_SHARE) // memory_bytes(limit)
    return max(1, min(n_workers, room))


def trial_memory_mb(limit: str | None, n_workers: int) -> float:
    """Return the MiB of resident memory above which one of ``n_workers`` stops its trial."""
    return SOFT_SHARE * worker_memory(limit, n_workers) / MIB
