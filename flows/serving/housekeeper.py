"""Background thread of `espalier serve`: prints state changes, ends and continues runs."""

import logging
import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console

from espalier.flows.serving.state_printer import StatePrinter
from espalier.infra.operations.dead_runs import end_dead_runs, end_orphans
from espalier.infra.operations.interrupted_runs import continue_interrupted
from espalier.infra.operations.silent_runs import SilenceWatch
from espalier.infra.orchestration.owners import Owner
from espalier.infra.orchestration.questions import expire_questions
from espalier.infra.settings import Settings

_LOGGER = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
CLEAN_SECONDS = 60.0


class Housekeeper:
    """A context manager: its thread prints state changes of flow runs and ends dead runs.

    Parameters
    ----------
    settings : Settings
        Settings that name the stores of the runs.
    owner : Owner
        Whose runs they are; those of others on the same server are left alone.
    console : Console
        Where state changes are printed.
    """

    def __init__(self, settings: Settings, owner: Owner, console: Console) -> None:
        self._settings = settings
        self._owner = owner
        self._console = console
        self._begun = datetime.now(UTC)
        self._silence = SilenceWatch(settings)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="housekeeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(2 * LOOK_SECONDS)

    def _work(self) -> None:
        from prefect.client.orchestration import get_client

        reporter = StatePrinter(self._console, self._owner)
        cleaned = float("-inf")
        with get_client(sync_client=True) as client:
            while not self._stop.is_set():
                try:
                    if time.monotonic() - cleaned >= CLEAN_SECONDS:
                        cleaned = time.monotonic()
                        self._clean()
                    reporter.look(client)
                except Exception:  # the next attempt may succeed
                    _LOGGER.warning("the runs could not be looked at", exc_info=True)
                self._stop.wait(LOOK_SECONDS)

    def _clean(self) -> None:
        ended = end_dead_runs(self._settings)
        orphans = end_orphans(self._owner.tag, self._begun)
        for name in (*ended.flow_runs, *orphans):
            _LOGGER.warning("run %r had no process any more; it is crashed now", name)
        gone = (*ended.mlflow_runs, *self._silence.look())
        if gone:
            _LOGGER.warning("%d runs of MLflow had no process any more", len(gone))
        for model in ended.decisions:
            _LOGGER.warning("a decision about %r had been cut off; it is settled now", model)
        for name in expire_questions(self._owner.tag):
            _LOGGER.warning("nobody has answered %r in time; it concludes so", name)
        for name in continue_interrupted((self._owner.tag,)):
            _LOGGER.warning("the scheduled run %r was cut off; it is continued", name)
