"""Whether the machine has memory for one more trial beside those that run."""

from collections import deque
from collections.abc import Callable

import psutil

from espalier.pipelines.resources.memory import MIB, machine_memory
from espalier.pipelines.trials.trial import TrialOutcome

# Below this share of the machine's memory nothing is started beside what runs.
_LEAST_SHARE = 0.05
# A worker holds data and libraries already, so that a trial takes about this share of what is
# seen of its process.
_GROWTH_SHARE = 0.5
_REMEMBERED = 8


class MemoryGate:
    """Holds trials back while memory is short: fewer run at the same time, and the run goes on.

    Parameters
    ----------
    available : callable or None
        Returns the bytes that are free; None asks the system.
    """

    def __init__(self, available: Callable[[], float] | None = None) -> None:
        self._available = available or _free_bytes
        self._peaks: deque[float] = deque(maxlen=_REMEMBERED)

    def note(self, outcome: TrialOutcome) -> None:
        """Remember what a trial used."""
        if outcome.result.memory_mb is not None:
            self._peaks.append(outcome.result.memory_mb)

    def admits(self, n_running: int) -> bool:
        """Whether one more may start; the first always may."""
        if n_running == 0:
            return True
        wanted = _GROWTH_SHARE * max(self._peaks, default=0.0) * MIB
        return self._available() > max(wanted, _LEAST_SHARE * machine_memory())


def _free_bytes() -> float:
    return float(psutil.virtual_memory().available)
