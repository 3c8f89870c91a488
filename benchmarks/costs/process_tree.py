"""The memory of a process and everything below it, sampled while it runs."""

import threading
from dataclasses import dataclass

import psutil

SAMPLE_SECONDS = 0.5


@dataclass
class PeakMemory:
    """The most memory a process and its children had at one moment.

    Attributes
    ----------
    rss_mb : float
        Sum of resident sizes in MiB: pages that processes share are counted for each of them.
    pss_mb : float
        The same with shared pages divided among those that share them: what the machine needs.
        Equal to ``rss_mb`` where the system does not tell.
    """

    rss_mb: float = 0.0
    pss_mb: float = 0.0


class MemoryWatch:
    """Samples a process tree in the background, as a context manager.

    Parameters
    ----------
    pid : int
        The process at the top.
    """

    def __init__(self, pid: int) -> None:
        self.peak = PeakMemory()
        self._top = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            rss, pss = _sizes(self._top)
            self.peak.rss_mb = max(self.peak.rss_mb, rss / 2**20)
            self.peak.pss_mb = max(self.peak.pss_mb, pss / 2**20)
            self._over.wait(SAMPLE_SECONDS)


def _sizes(top: psutil.Process) -> tuple[int, int]:
    rss = pss = 0
    try:
        processes = [top, *top.children(recursive=True)]
    except psutil.Error:
        return 0, 0
    for process in processes:
        try:
            info = process.memory_full_info()
        except psutil.Error:  # gone, or about to
            continue
        rss += info.rss
        pss += getattr(info, "pss", info.rss)
    return rss, pss
