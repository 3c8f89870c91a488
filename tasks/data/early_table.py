"""A training's table, read and checked in a thread beside what starts meanwhile."""

import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.stage_table import SourceTable, read_source


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
        future: Future[SourceTable] = Future()
        self._future: Future[SourceTable] | None = future

        def read() -> None:
            try:
                future.set_result(read_source(request, runs_folder))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=read, name="read-table", daemon=True).start()

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

    def take(self) -> SourceTable | None:
        """Return the table and let go of it; None the next time. It raises what `wait` does."""
        future, self._future = self._future, None
        return None if future is None else future.result()
