"""What MLflow is told of a run: one parent run a training, one nested run a trial.

MLflow is a copy for people; the truth is in `infra.run_store`. There is one writer a run, every
call names its run (MLflow's notion of an "active" run is not used), and everything can be done
twice: a trial that is there already is not logged again, so a run that is continued leaves no
duplicates.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra import run_tags
from infra.logged_dataset import dataset_input
from infra.mlflow_store import find_experiment, make_client
from infra.nested_runs import complete_trials, remove_twins, runs_with
from infra.settings import Settings
from infra.store_errors import store_errors
from infra.trial_runs import LoggedTrial, finite_metrics, plain_text
from pipelines.errors import StoreUnavailableError
from pipelines.redaction import redact
from pipelines.trial import TrialResult

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's own limit is 100 parameters a call.
_PARAMS_A_CALL = 100


class Tracking:
    """One MLflow experiment, written to by one process.

    Parameters
    ----------
    settings : Settings
        Which store, which experiment. Nothing is opened before it is used, so making one is
        free; `open` does it ahead of time.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opening = threading.Lock()
        self._client: MlflowClient | None = None
        self._experiment_id: str | None = None
        self._logged: dict[str, dict[int, str]] = {}
        self._prepared = False

    def __getstate__(self) -> Settings:
        return self.settings  # connections stay behind when it travels

    def __setstate__(self, settings: Settings) -> None:
        self.__init__(settings)  # type: ignore[misc]

    @property
    def client(self) -> "MlflowClient":
        """The client on the tracking store; made at its first use.

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
        """The experiment's id; the experiment is made at its first use."""
        client = self.client
        with self._opening:
            if self._experiment_id is None:
                with self._store():
                    self._experiment_id = find_experiment(client, self.settings)
            return self._experiment_id

    def open(self) -> "Tracking":
        """Connect now; a new sqlite store makes its tables, which takes a second or more."""
        _ = self.experiment_id
        return self

    def open_soon(self) -> "Tracking":
        """Connect in the background; the first use waits for it and meets its errors."""
        threading.Thread(target=self._open_quietly, name="open-mlflow", daemon=True).start()
        return self

    def _open_quietly(self) -> None:
        try:
            self.open()
        except Exception:  # the first use tries again and raises it where it can be handled
            return

    def _store(self) -> Any:
        return store_errors(self.settings.mlflow_uri)

    # --- the parent run -------------------------------------------------------------------

    def start_run(
        self, name: str, *, tags: Mapping[str, str] | None = None, attempt: str | None = None
    ) -> str:
        """Start a parent run and return its id.

        Parameters
        ----------
        name : str
            What it is called.
        tags : mapping, optional
            Its tags.
        attempt : str or None
            Names the attempt to start it: when there is a run of that name already, because its
            maker was killed before it could note the id, that one is returned.
        """
        experiment_id = self.experiment_id
        with self._store():
            known = (
                runs_with(self.client, experiment_id, run_tags.ATTEMPT, attempt)
                if attempt is not None
                else []
            )
            if known:
                return str(known[0].info.run_id)
            named = {} if attempt is None else {run_tags.ATTEMPT: attempt}
            tags = {"mlflow.user": _user(), "mlflow.source.name": "espalier"} | _texts(tags)
            run = self.client.create_run(experiment_id, run_name=name, tags=tags | named)
        self._logged[run.info.run_id] = {}
        return str(run.info.run_id)

    def continue_run(self, run_id: str) -> bool:
        """Take up a parent run that was interrupted; False when MLflow does not have it."""
        from mlflow.exceptions import MlflowException

        with self._store():
            try:
                run = self.client.get_run(run_id)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return False
            if run.info.lifecycle_stage != "active":
                return False
            if run.info.status != "RUNNING":
                self.client.update_run(run_id, status="RUNNING")
        return True

    def finish_run(self, run_id: str, metrics: Mapping[str, float] | None = None) -> None:
        """End a parent run as finished, with its last metrics."""
        self.log_metrics(run_id, metrics or {})
        with self._store():
            self.client.set_terminated(run_id, status="FINISHED")

    def fail_run(self, run_id: str, error: BaseException | str, *, killed: bool = False) -> None:
        """End a parent run as failed (or killed), with the reason as its tag ``error``."""
        reason = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else str(error)
        self.set_tags(run_id, {"error": redact(reason)})
        with self._store():
            self.client.set_terminated(run_id, status="KILLED" if killed else "FAILED")

    def log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Log parameters; those that are there stay as they are, as MLflow changes none."""
        from mlflow.entities import Param

        with self._store():
            there = self.client.get_run(run_id).data.params
            entries = [
                Param(key, plain_text(value, 6000))
                for key, value in params.items()
                if key not in there
            ]
            for start in range(0, len(entries), _PARAMS_A_CALL):
                self.client.log_batch(run_id, params=entries[start : start + _PARAMS_A_CALL])

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Log metrics; those that are no finite number are left out."""
        entries = finite_metrics(metrics, step=step, at_ms=int(time.time() * 1000))
        with self._store():
            if entries:
                self.client.log_batch(run_id, metrics=entries)

    def set_tags(self, run_id: str, tags: Mapping[str, Any]) -> None:
        """Set tags, later ones replace earlier ones."""
        from mlflow.entities import RunTag

        entries = [RunTag(key, value) for key, value in _texts(tags).items()]
        with self._store():
            if entries:
                self.client.log_batch(run_id, tags=entries)

    def log_dataset(
        self,
        run_id: str,
        *,
        name: str,
        source: str,
        fingerprint: str,
        columns: Mapping[str, str],
        n_rows: int,
    ) -> None:
        """Record which data the run used; MLflow shows it as the run's dataset.

        Parameters
        ----------
        run_id : str
            The parent run.
        name, source : str
            What the data are called and where they came from; passwords are not kept.
        fingerprint : str
            Names the content.
        columns : mapping of str to str
            Raw dtype by column.
        n_rows : int
            Number of rows.
        """
        entry = dataset_input(name, source, fingerprint, columns, n_rows)
        with self._store():
            self.client.log_inputs(run_id, [entry])

    # --- files ----------------------------------------------------------------------------

    def log_file(self, run_id: str, path: Path, folder: str | None = None) -> None:
        """Log a file, or a folder's content, as artifact."""
        with self._store():
            if path.is_dir():
                self.client.log_artifacts(run_id, str(path), folder)
            else:
                self.client.log_artifact(run_id, str(path), folder)

    def log_text(self, run_id: str, text: str, file: str) -> None:
        """Log ``text`` as the artifact ``file``."""
        with self._store():
            self.client.log_text(run_id, text, file)

    def log_json(self, run_id: str, record: Any, file: str) -> None:
        """Log a JSON-ready record as the artifact ``file``."""
        from pipelines.json_text import to_json

        self.log_text(run_id, to_json(record), file)

    # --- trials ---------------------------------------------------------------------------

    def log_trials(self, parent_run_id: str, results: Sequence[TrialResult]) -> int:
        """Log trials as nested runs; those that are there already are left alone.

        Returns
        -------
        int
            How many were logged now.

        Raises
        ------
        StoreUnavailableError
            The store does not answer; what was logged so far is there and calling again
            continues.
        """
        self._prepare_to_register()
        there = self.logged_trials(parent_run_id)
        new = [result for result in results if result.trial.number not in there]
        try:
            with self._store():
                for result in new:
                    run_id = LoggedTrial(result).write(
                        self.client, experiment_id=self.experiment_id, parent_run_id=parent_run_id
                    )
                    there[result.trial.number] = run_id
        except StoreUnavailableError:
            # What was being written may be there, whole or in part: look before the next time.
            self.forget(parent_run_id)
            raise
        return len(new)

    def settle(self, parent_run_id: str, results: Sequence[TrialResult]) -> None:
        """See to it that MLflow has each of ``results`` once, and the parent run once.

        A server that was killed after it did what it was asked, and before it said so, has been
        asked again by the HTTP client: that leaves twins which nobody here has heard of.

        Raises
        ------
        StoreUnavailableError
            The store does not answer.
        """
        if not self._is_remote:
            self.log_trials(parent_run_id, results)
            return
        self.forget(parent_run_id)
        self.log_trials(parent_run_id, results)
        with self._store():
            remove_twins(self.client, self.experiment_id, parent_run_id)

    def forget(self, parent_run_id: str) -> None:
        """Forget which trials are logged: the store is asked the next time."""
        self._logged.pop(parent_run_id, None)

    @property
    def _is_remote(self) -> bool:
        return self.settings.mlflow_uri.startswith(("http://", "https://"))

    def _prepare_to_register(self) -> None:
        """Once: get ready for the model in the background, while the workers are busy."""
        if self._prepared:
            return
        self._prepared = True

        def prepare() -> None:
            from infra.logged_model import prepare_to_log

            with suppress(Exception):  # logging the model will do it, and say what is wrong
                prepare_to_log()

        threading.Thread(target=prepare, name="prepare-mlflow", daemon=True).start()

    def logged_trials(self, parent_run_id: str) -> dict[int, str]:
        """Return the run ids of the trials that are logged completely, by trial number.

        A nested run that was cut off half-way is removed, so that it can be logged again.
        """
        known = self._logged.get(parent_run_id)
        if known is None:
            with self._store():
                known = complete_trials(self.client, self.experiment_id, parent_run_id)
            self._logged[parent_run_id] = known
        return known

    def run_url(self, run_id: str) -> str | None:
        """Where the run can be seen; None when no server shows the store."""
        from infra.pages import mlflow_page

        base = mlflow_page(self.settings)
        return None if base is None else f"{base}/#/experiments/{self.experiment_id}/runs/{run_id}"


def _texts(tags: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: plain_text(value, 5000) for key, value in (tags or {}).items()}


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
