"""An MLflow experiment, connected to its store at the first use."""

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Self

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import find_experiment, make_client

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Experiment:
    """An MLflow experiment with a client of its store.

    Parameters
    ----------
    settings : Settings
        Name the store and the experiment. Nothing is opened before the first use; `open` does it
        ahead of time.
    model : str or None
        The model whose runs are meant, where each has an experiment of its own.
    """

    def __init__(self, settings: Settings, model: str | None = None) -> None:
        self.settings = settings
        self._model = model
        self._opening = threading.Lock()
        self._client: MlflowClient | None = None
        self._experiment_id: str | None = None

    def __getstate__(self) -> tuple[Settings, str | None]:
        return self.settings, self._model  # connections stay behind when it travels

    def __setstate__(self, state: tuple[Settings, str | None]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    @property
    def client(self) -> "MlflowClient":
        """The client of the tracking store, created at its first use.

        Raises
        ------
        StoreUnavailableError
            The store does not answer.
        """
        with self._opening:
            if self._client is None:
                self._client = make_client(self.settings)
            return self._client

    @property
    def experiment_id(self) -> str:
        """Id of the experiment, which is created at its first use."""
        client = self.client
        with self._opening:
            if self._experiment_id is None:
                with self.store():
                    self._experiment_id = find_experiment(client, self.settings, self._model)
            return self._experiment_id

    def open(self) -> Self:
        """Connect now; creating the tables of a new sqlite store takes a second or more."""
        _ = self.experiment_id
        return self

    def open_soon(self) -> Self:
        """Connect in the background; the first use waits for it and reports errors."""
        threading.Thread(target=self._open_quietly, name="open-mlflow", daemon=True).start()
        return self

    def _open_quietly(self) -> None:
        try:
            self.open()
        except Exception:  # the first use tries again and raises it where it can be handled
            return

    def store(self) -> AbstractContextManager[None]:
        """Context manager that turns passing faults of the store into `StoreUnavailableError`."""
        return store_errors(self.settings.mlflow_uri)
