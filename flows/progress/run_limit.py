"""End a run that Prefect started and that has hung: nobody sits in front of it.

Steps that run in the flow's own thread have time limits of Prefect's; others cannot be stopped by
it. So the process as a whole has one: at its end it is told to stop, which ends the run in order,
and where it does not even react to that, it is ended by a thread that needs nothing of Python.
Either way the run is crashed, and a scheduled one is continued
(`espalier.infra.operations.interrupted_runs`).
"""

import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from espalier.pipelines.requests.duration import parse_duration

if TYPE_CHECKING:
    from espalier.infra.settings import Settings
    from espalier.pipelines.requests.form import Form

_LOG = logging.getLogger(__name__)

# What an orderly end may take before the process is ended as it is.
_GRACE_SECONDS = 300.0


class _Watch:
    """The end of this process's run; each flow that begins in it may move it further away."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None
        self._end = float("-inf")

    def until(self, end: float, grace: float) -> None:
        """Let the process go on until ``end``, in seconds of `time.monotonic`."""
        if end <= self._end:
            return
        self.stop()
        self._end = end
        left = max(0.01, end - time.monotonic())
        self._timer = threading.Timer(left, _stop_process)
        self._timer.daemon = True
        self._timer.start()
        faulthandler.dump_traceback_later(left + grace, exit=True, file=2)  # stderr as it was

    @property
    def is_on(self) -> bool:
        """Whether an end is set."""
        return self._timer is not None

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            faulthandler.cancel_dump_traceback_later()
        self._timer, self._end = None, float("-inf")


_WATCH = _Watch()


@contextmanager
def run_limit(
    request: "Form", settings: "Settings", *, grace: float = _GRACE_SECONDS
) -> Iterator[None]:
    """End this process if the block takes longer than a run of Prefect's may.

    Parameters
    ----------
    request : Form
        Its time budget, and the hours that a person has to answer, are added to the limit.
    settings : Settings
        Give the limit, ``run_hours``; 0 for none.
    grace : float
        Seconds that the process may take to stop.
    """
    if not settings.run_hours:
        yield
        return
    _WATCH.until(time.monotonic() + _seconds(request, settings), grace)
    try:
        yield
    finally:
        _WATCH.stop()


def extend_limit(request: "Form", settings: "Settings") -> None:
    """Give a flow that another one calls the time of its own request, if there is a limit."""
    if _WATCH.is_on:
        _WATCH.until(time.monotonic() + _seconds(request, settings), _GRACE_SECONDS)


def _seconds(request: "Form", settings: "Settings") -> float:
    budget = getattr(request, "time_budget", None)
    hours = settings.run_hours + (getattr(request, "approval_hours", None) or 0.0)
    return 3600.0 * hours + (parse_duration(budget) if budget else 0.0)


def _stop_process() -> None:
    """Tell this process to stop, as the runner does."""
    _LOG.error(
        "the run has hung, or takes longer than the setting ESPALIER_RUN_HOURS allows; it is ended"
    )
    os.kill(os.getpid(), signal.SIGTERM)
