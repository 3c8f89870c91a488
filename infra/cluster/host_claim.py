"""What a run may use of its machine, kept up to date while it runs."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from espalier.infra.cluster.host_shares import HostShares, Machine, Share
from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.settings import Settings, usable_cores
from espalier.pipelines.resources.closing import ClosesAtExit
from espalier.pipelines.resources.memory import WORKERS_SHARE, machine_memory, memory_bytes

_LOG = logging.getLogger(__name__)

_RENEW_SECONDS = 1.0
# A run that had a little less than the whole machine, for a moment, need not say so.
_NOTEWORTHY = 0.95


class HostClaim(ClosesAtExit):
    """The claim of one run on the cores and the memory of this machine.

    It is renewed every second in the background, and when jobs begin or end: the run has less as
    soon as another one begins, and more when one ends. Use it as a context manager.

    Parameters
    ----------
    shares : HostShares
        The shares of all runs.
    share : Share
        What this run needs.
    n_threads : int
        Number of threads of each of its workers.
    cores_alone : float
        Number of cores that it would use if it were alone.

    Attributes
    ----------
    n_threads, memory : int
        Threads, and bytes of memory, of each of its workers.
    n_start : int
        Number of workers to start with, at least 1.
    """

    def __init__(
        self, shares: HostShares, share: Share, n_threads: int, cores_alone: float
    ) -> None:
        self.n_threads = n_threads
        self.memory = share.memory
        self._shares = shares
        self._share = share
        self._cores_alone = cores_alone
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._busy: Callable[[], int] = int
        self._n_busy = 0
        self._n_runs = 1
        self._most_runs = 1
        self._core_seconds = 0.0
        self._began = self._since = time.monotonic()
        self.n_start = max(1, self._renew())
        threading.Thread(target=self._keep, name="renew-share", daemon=True).start()

    @property
    def n_workers(self) -> int:
        """Number of workers that may have a job now; 0 while others come first."""
        return self._share.n_held

    @property
    def mean_cores(self) -> float:
        """Number of cores that the run has had, on average."""
        with self._lock:
            self._add_up()
            spent = self._since - self._began
            return self._core_seconds / spent if spent > 0 else float(self._held_cores)

    @property
    def line(self) -> str | None:
        """A sentence that says so if the run had less than it would have had alone."""
        cores = self.mean_cores
        if self._most_runs == 1 or cores >= _NOTEWORTHY * self._cores_alone:
            return None
        return (
            f"this run had {cores:.1f} of {self._cores_alone:.0f} cores on average: up to "
            f"{_runs(self._most_runs - 1)} worked on this machine at the same time"
        )

    @property
    def opening_line(self) -> str | None:
        """A sentence that says so if the run begins with less than it would have alone."""
        cores = self.n_start * self._share.cores
        if self._n_runs == 1 or cores >= self._cores_alone:
            return None
        return (
            f"this run begins with {cores:.0f} of {self._cores_alone:.0f} cores: "
            f"{_runs(self._n_runs - 1)} on this machine; it gets more as they end"
        )

    def watch(self, busy: Callable[[], int]) -> None:
        """From now on, ask ``busy`` for the number of workers that have a job."""
        self._busy = busy

    def need(self, n_waiting: int) -> None:
        """Say how many jobs wait for a worker; called whenever jobs have begun or ended."""
        with self._lock:
            n_busy = self._busy()
            ready = n_busy + n_waiting > 0
            has_ended, changed = n_busy < self._n_busy, n_busy != self._n_busy
            self._n_busy = n_busy
            if ready != self._share.is_ready or (changed and self._n_runs > 1):
                self._share = replace(self._share, is_ready=ready)
                self._renew(has_ended=has_ended)

    def close(self) -> None:
        """Give back what the run holds; may be called twice."""
        self._over.set()
        with self._lock, suppress(OSError):
            self._add_up()
            self._shares.leave(self._share.mark)

    @property
    def _held_cores(self) -> float:
        return self._share.n_held * self._share.cores

    def _keep(self) -> None:
        while not self._over.wait(_RENEW_SECONDS):
            self._renew()

    def _renew(self, *, has_ended: bool = False) -> int:
        """Renew the share; return the number of workers that the run will have in the end."""
        with self._lock:
            if self._over.is_set():
                return self._share.n_held
            self._add_up()
            try:
                now = self._shares.renew(self._share, self._busy(), has_ended=has_ended)
            except OSError as error:  # a disk that fails must not stop a run
                _LOG.info("the shares of this machine cannot be kept: %s", error)
                self._share = replace(self._share, n_held=self._share.n_wanted)
                return self._share.n_held
            self._share, self._n_runs = now.share, now.n_runs
            self._most_runs = max(self._most_runs, now.n_runs)
            return now.n_fair

    def _add_up(self) -> None:
        now = time.monotonic()
        self._core_seconds += (now - self._since) * self._held_cores
        self._since = now


def _runs(n: int) -> str:
    return f"{n} other run" if n == 1 else f"{n} other runs"


def claim_host(
    settings: Settings, *, workers: int | None, memory_limit: str | None, is_timed: bool
) -> HostClaim:
    """Claim a fair share of this machine for a run with workers of its own.

    Parameters
    ----------
    settings : Settings
        The home folder: runs with the same one share the machine.
    workers : int or None
        Number of workers that the user wants; None for one a core.
    memory_limit : str or None
        Memory of a worker, such as ``4GiB``; None for an equal share.
    is_timed : bool
        Whether the run has a time budget. Its workers then have as many threads as there are cores
        for them; else one, since sums of floats depend on the number of threads, and a run without
        a time budget must give the same result with any number of workers.
    """
    me = ProcessIdentity.mine()
    machine = Machine(usable_cores(), int(machine_memory() * WORKERS_SHARE))
    shares = HostShares(settings.home / "hosts" / f"{me.host}.json", machine)
    try:
        n_runs = shares.n_runs() + 1
    except OSError:
        n_runs = 1
    n_wanted, memory = workers or machine.cores, machine.memory
    if memory_limit is not None:
        memory = min(memory, memory_bytes(memory_limit))
        n_wanted = max(1, min(n_wanted, machine.memory // memory))
    # The workers keep their size, so it is that of a fair share now; their number changes.
    cores = max(1, machine.cores // n_runs)
    least = min(1.0, machine.cores / n_wanted)
    n_now = max(1, min(n_wanted, int(cores / least)))
    if memory_limit is None:
        memory = machine.memory * cores // machine.cores // n_now
    n_threads = max(1, cores // n_now) if is_timed else 1
    alone = max(1, machine.cores // n_wanted) if is_timed else 1
    share = Share(
        mark=uuid4().hex,
        owner=me,
        n_wanted=n_wanted,
        cores=n_threads if n_threads > 1 else least,
        memory=memory,
    )
    return HostClaim(shares, share, n_threads, n_wanted * least * alone)
