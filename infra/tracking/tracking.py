"""Log a training run to MLflow: a parent run, with a nested run for each trial.

MLflow holds a copy for display; the authoritative state is in `espalier.infra.runs.store`. Each run
has a single writer, and every call names its run (MLflow's "active" run is not used). All calls can
be repeated: a trial that is already logged is not logged again, so a continued run leaves no
duplicates.
"""

import getpass
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.infra.settings import Settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.experiment import Experiment
from espalier.infra.tracking.logged_dataset import ModelMetrics, dataset_input, dataset_key
from espalier.infra.tracking.nested_runs import runs_with
from espalier.infra.tracking.trial_runs import finite_metrics, plain_text
from espalier.infra.tracking.trials import TrackedTrials
from espalier.pipelines.redaction import redact
from espalier.pipelines.serialization.strict_json import to_json

# MLflow's own limit is 100 parameters per call.
_PARAMS_A_CALL = 100


class Tracking(Experiment):
    """Writes runs to an MLflow experiment.

    Attributes
    ----------
    trials : TrackedTrials
        The nested runs.
    """

    def __init__(self, settings: Settings, model: str | None = None) -> None:
        super().__init__(settings, model)
        self.trials = TrackedTrials(self)

    # --- the parent run -------------------------------------------------------------------

    def start_run(
        self, name: str, *, tags: Mapping[str, str] | None = None, attempt: str | None = None
    ) -> str:
        """Start a parent run and return its id.

        Parameters
        ----------
        name : str
            Name of the run.
        tags : mapping, optional
            Its tags.
        attempt : str or None
            Identifies the attempt. If it already has a run, because the process that started it
            was killed before it could note the id, that run is returned.
        """
        experiment_id = self.experiment_id
        with self.store():
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
        self.trials.none_of(run.info.run_id)
        return str(run.info.run_id)

    def continue_run(self, run_id: str) -> bool:
        """Continue an interrupted parent run; return False if MLflow does not have it."""
        from mlflow.exceptions import MlflowException

        with self.store():
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
        """End a parent run as finished, with its final metrics."""
        self.log_metrics(run_id, metrics or {})
        with self.store():
            self.client.set_terminated(run_id, status="FINISHED")

    def fail_run(self, run_id: str, error: BaseException | str, *, killed: bool = False) -> None:
        """End a parent run as failed (or killed), with the reason as its tag ``error``."""
        reason = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else str(error)
        self.set_tags(run_id, {"error": redact(reason)})
        with self.store():
            self.client.set_terminated(run_id, status="KILLED" if killed else "FAILED")

    def log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Log parameters; existing ones stay as they are, since MLflow cannot change them."""
        from mlflow.entities import Param

        with self.store():
            there = self.client.get_run(run_id).data.params
            entries = [
                Param(key, plain_text(value, 6000))
                for key, value in params.items()
                if key not in there
            ]
            for start in range(0, len(entries), _PARAMS_A_CALL):
                self.client.log_batch(run_id, params=entries[start : start + _PARAMS_A_CALL])

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Log metrics, except those that are not finite."""
        entries = finite_metrics(metrics, step=step, at_ms=int(time.time() * 1000))
        with self.store():
            if entries:
                self.client.log_batch(run_id, metrics=entries)

    def log_model_metrics(self, run_id: str, model_id: str, metrics: ModelMetrics) -> None:
        """Log metrics of a run that are those of its logged model too: its page shows them."""
        from mlflow.entities import Metric

        name, digest = dataset_key(metrics.table, metrics.fingerprint)
        at_ms = int(time.time() * 1000)
        entries = [
            Metric(
                each.key,
                each.value,
                each.timestamp,
                each.step,
                model_id=model_id,
                dataset_name=name,
                dataset_digest=digest,
                run_id=run_id,
            )
            for each in finite_metrics(metrics.values, step=0, at_ms=at_ms)
        ]
        with self.store():
            if entries:
                self.client.log_batch(run_id, metrics=entries)

    def set_tags(self, run_id: str, tags: Mapping[str, Any]) -> None:
        """Set tags; existing ones are replaced."""
        from mlflow.entities import RunTag

        entries = [RunTag(key, value) for key, value in _texts(tags).items()]
        with self.store():
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
        query: str | None = None,
    ) -> None:
        """Log the data that the run used; MLflow displays it as the run's dataset.

        Parameters
        ----------
        run_id : str
            The parent run.
        name, source : str
            Name of the data and where they came from; passwords are removed.
        fingerprint : str
            Fingerprint of the table.
        columns : mapping of str to str
            Data type of each raw column.
        n_rows : int
            Number of rows.
        query : str or None
            The SELECT statement, if they came from a database.
        """
        entry = dataset_input(name, source, fingerprint, columns, n_rows, query=query)
        with self.store():
            self.client.log_inputs(run_id, [entry])

    # --- files ----------------------------------------------------------------------------

    def log_file(self, run_id: str, path: Path, folder: str | None = None) -> None:
        """Log a file, or the content of a folder, as artifact."""
        with self.store():
            if path.is_dir():
                self.client.log_artifacts(run_id, str(path), folder)
            else:
                self.client.log_artifact(run_id, str(path), folder)

    def log_text(self, run_id: str, text: str, file: str) -> None:
        """Log ``text`` as the artifact ``file``."""
        with self.store():
            self.client.log_text(run_id, text, file)

    def log_json(self, run_id: str, record: Any, file: str) -> None:
        """Log a JSON-ready record as the artifact ``file``."""
        self.log_text(run_id, to_json(record), file)

    def run_url(self, run_id: str) -> str | None:
        """Return the address of the run's page; None if no server displays the store."""
        from espalier.infra.network.pages import mlflow_page

        base = mlflow_page(self.settings)
        return None if base is None else f"{base}/#/experiments/{self.experiment_id}/runs/{run_id}"


def _texts(tags: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: plain_text(value, 5000) for key, value in (tags or {}).items()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
