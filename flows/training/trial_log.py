"""Log finished trials to MLflow in the background of the search."""

import logging
from collections.abc import Sequence

from prefect.futures import PrefectFuture

from espalier.infra.registry.logged_model import prepare_to_log_soon
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.artifacts import open_progress
from espalier.tasks.policies import can_pass
from espalier.tasks.search.log_trials import log_trials

_LOGGER = logging.getLogger(__name__)


class TrialLog:
    """Sends trials to the task that logs them, one batch at a time.

    Trials that arrive while the task is busy are sent in the next batch. If MLflow does not answer,
    the search continues, and the trials are sent again with the next ones; `finish` requires that
    all are logged.

    Parameters
    ----------
    tracking : Tracking
        The MLflow store.
    run_id : str
        ID of the MLflow run of the training.
    """

    def __init__(self, tracking: Tracking, run_id: str) -> None:
        prepare_to_log_soon()  # of this process, while the workers are busy
        self._tracking = tracking
        self._run_id = run_id
        self._progress = open_progress("search", "The search's budget used so far")
        self._all: list[TrialResult] = []
        self._waiting: list[TrialResult] = []
        self._sent: list[TrialResult] = []
        self._busy: PrefectFuture[int] | None = None

    def add(self, results: Sequence[TrialResult], share_done: float) -> None:
        """Log these results and the share of the budget that is used; returns at once."""
        self._all += results
        self._waiting += results
        if self._busy is None or self._busy.state.is_final():
            self._take_back_unless_logged()
            self._send(share_done)

    def finish(self) -> None:
        """Wait until all trials are in MLflow.

        Raises
        ------
        StoreUnavailableError
            MLflow does not answer.
        """
        self._take_back_unless_logged()
        self._waiting = list(self._all)
        self._send(1.0, is_last=True).result()

    def _take_back_unless_logged(self) -> None:
        """Wait for the last batch; queue its trials again if MLflow did not answer."""
        if self._busy is None:
            return
        try:
            self._busy.result()
        except Exception as error:
            if not can_pass(error):
                raise
            _LOGGER.warning("%d trials go to MLflow later: %s", len(self._sent), error)
            self._waiting = self._sent + self._waiting
        self._busy = None

    def _send(self, share_done: float, *, is_last: bool = False) -> "PrefectFuture[int]":
        self._sent, self._waiting = self._waiting, []
        self._busy = log_trials.submit(
            self._tracking,
            self._run_id,
            tuple(self._sent),
            progress=self._progress,
            share_done=share_done,
            is_last=is_last,
        )
        return self._busy
