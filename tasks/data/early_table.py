"""Read and check the table of a training in a background thread, before the flow starts."""

import threading
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from pathlib import Path

from espalier.pipelines.cell_display import cells_hidden
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.stage_table import SourceTable, read_source, stage_table
from espalier.tasks.records import TableRef


class EarlyTable:
    """A table that is read in the background, from before the flow starts.

    Most tables are read within a moment, so that a wrong file or column is reported before anything
    else is started. A large one is read while servers and workers start.

    Parameters
    ----------
    request : TrainRequest
        Request that names the source.
    runs_folder : Path
        Folder of all run folders; the table of an extended run is read from its run folder.
    """

    def __init__(self, request: TrainRequest, runs_folder: Path) -> None:
        self._request = request
        self._runs_folder = runs_folder
        self._future: Future[SourceTable] | None = Future()
        # The thread works for whom this one does (`espalier.infra.access.origin`).
        target = partial(copy_context().run, self._read, self._future)
        threading.Thread(target=target, name="read-table", daemon=True).start()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the table is read, or for at most ``seconds``.

        Raises
        ------
        UserError
            The source, the target, the metric or a family is wrong.
        """
        if self._future is not None:
            with suppress(TimeoutError):
                self._future.result(timeout=seconds)

    def stage(self) -> TableRef:
        """Write the table into the run folder of the request, and release it.

        A further call reads the source again.

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
            with cells_hidden():  # what is noted of the table is told in the flow
                future.set_result(read_source(self._request, self._runs_folder))
        except BaseException as error:
            future.set_exception(error)
