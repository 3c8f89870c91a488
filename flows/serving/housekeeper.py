"""Background thread of `espalier serve`: prints state changes, ends and continues runs."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console

from espalier.flows.serving.state_printer import StatePrinter
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
    console : Console
        Where state changes are printed.
    """

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
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

        reporter = StatePrinter(self._console)
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
        from espalier.infra.operations.dead_runs import end_dead_runs
        from espalier.infra.operations.interrupted_runs import continue_interrupted

        ended = end_dead_runs(self._settings)
        for name in ended.flow_runs:
            _LOGGER.warning("run %r had no process any more; it is crashed now", name)
        if ended.mlflow_runs:
            _LOGGER.warning("%d runs of MLflow had no process any more", len(ended.mlflow_runs))
        for model in ended.decisions:
            _LOGGER.warning("a decision about %r had been cut off; it is settled now", model)
        for name in continue_interrupted():
            _LOGGER.warning("the scheduled run %r was cut off; it is continued", name)
