"""Check whether the machine has memory for one more concurrent trial."""

from collections import deque
from collections.abc import Callable

import psutil

from espalier.pipelines.resources.memory import MIB, machine_memory
from espalier.pipelines.trials.trial import TrialOutcome

# With less than this share of the machine's memory free, no concurrent trial is started.
_LEAST_SHARE = 0.05
# A worker already holds data and libraries, so that a trial adds about this share of the peak
# memory of its process.
_GROWTH_SHARE = 0.5
_REMEMBERED = 8


class MemoryGate:
    """Limits the number of concurrent trials while memory is short.

    Parameters
    ----------
    available : callable or None
        Returns the free memory in bytes; None to ask the system.
    """

    def __init__(self, available: Callable[[], float] | None = None) -> None:
        self._available = available or _free_bytes
        self._peaks: deque[float] = deque(maxlen=_REMEMBERED)

    def note(self, outcome: TrialOutcome) -> None:
        """Record the peak memory of a trial."""
        if outcome.result.memory_mb is not None:
            self._peaks.append(outcome.result.memory_mb)

    def admits(self, n_running: int) -> bool:
        """Whether one more trial may start beside ``n_running``; the first always may."""
        if n_running == 0:
            return True
        wanted = _GROWTH_SHARE * max(self._peaks, default=0.0) * MIB
        return self._available() > max(wanted, _LEAST_SHARE * machine_memory())


def _free_bytes() -> float:
    return float(psutil.virtual_memory().available)
