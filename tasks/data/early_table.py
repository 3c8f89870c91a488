"""A training's table, read and checked in a thread beside what starts meanwhile."""

import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.stage_table import SourceTable, read_source, stage_table
from espalier.tasks.records import TableRef


class EarlyTable:
    """A table whose reading began before the flow did.

    Most tables are read within a moment, so that a wrong file or column is answered at once, with
    nothing else started. A large one goes on being read beside what starts next.

    Parameters
    ----------
    request : TrainRequest
        Names the source.
    runs_folder : Path
        Where run folders are; that of a run that is extended has the table.
    """

    def __init__(self, request: TrainRequest, runs_folder: Path) -> None:
        self._request = request
        self._runs_folder = runs_folder
        self._future: Future[SourceTable] | None = Future()
        threading.Thread(
            target=self._read, args=(self._future,), name="read-table", daemon=True
        ).start()

    def wait(self, seconds: float | None = None) -> None:
        """Return when the table is read, or after so many seconds.

        Raises
        ------
        UserError
            The source, the target, the metric or a family is wrong.
        """
        if self._future is not None:
            with suppress(TimeoutError):
                self._future.result(timeout=seconds)

    def stage(self) -> TableRef:
        """Put the table into the folder of the run that the request means, and let go of it.

        Another call reads the source again.

        Raises
        ------
        UserError
            As in `wait`.
        """
        future, self._future = self._future, None
        request, runs_folder = self._request, self._runs_folder
        table = future.result() if future else read_source(request, runs_folder)
        return stage_table(table, request, runs_folder)

    def _read(self, future: "Future[SourceTable]") -> None:
        try:
            future.set_result(read_source(self._request, self._runs_folder))
        except BaseException as error:
            future.set_exception(error)
