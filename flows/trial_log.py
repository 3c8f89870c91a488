"""Finished trials on their way to MLflow, beside the search and by one writer at a time."""

from collections.abc import Sequence

from prefect.futures import PrefectFuture

from infra.tracking import Tracking
from pipelines.trial import TrialResult
from tasks.artifacts import open_progress
from tasks.log_trials import log_trials


class TrialLog:
    """Hands trials to the task that logs them; what comes while it is busy goes next.

    Parameters
    ----------
    tracking : Tracking
        The MLflow store.
    run_id : str
        The parent run.
    """

    def __init__(self, tracking: Tracking, run_id: str) -> None:
        self._tracking = tracking
        self._run_id = run_id
        self._progress = open_progress("search", "The search's budget used so far")
        self._waiting: list[TrialResult] = []
        self._busy: PrefectFuture[int] | None = None

    def add(self, results: Sequence[TrialResult], share_done: float) -> None:
        """Take these results, and how much of the search's budget is used; returns at once."""
        self._waiting += results
        if self._busy is None or self._busy.state.is_final():
            self._send(share_done)

    def finish(self) -> None:
        """Return when MLflow has everything."""
        self._send(1.0)
        if self._busy is not None:
            self._busy.result()

    def _send(self, share_done: float) -> None:
        if self._busy is not None:
            self._busy.result()  # it is waited for, and what went wrong is raised
        self._busy = log_trials.submit(
            self._tracking,
            self._run_id,
            tuple(self._waiting),
            progress=self._progress,
            share_done=share_done,
        )
        self._waiting = []
