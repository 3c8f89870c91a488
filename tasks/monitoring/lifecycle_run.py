"""MLflow runs that record a retraining or a monitoring run; they do not change afterwards."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.owned_run import owned_run
from espalier.infra.tracking.tracking import Tracking


@dataclass(frozen=True, slots=True)
class LifecycleRun:
    """An open MLflow run that records a retraining or a monitoring run.

    Attributes
    ----------
    tracking : Tracking
        The MLflow store.
    run_id : str
        ID of the MLflow run.
    """

    tracking: Tracking
    run_id: str

    def keep(self, file: str, record: Any) -> None:
        """Log a JSON-ready record as the artifact ``file``."""
        self.tracking.log_json(self.run_id, record, file)

    def keep_file(self, path: Path, folder: str) -> None:
        """Log a file as an artifact in ``folder``."""
        self.tracking.log_file(self.run_id, path, folder)

    def tag(self, tags: Mapping[str, Any]) -> None:
        """Set tags; each name gets the prefix ``espalier.``."""
        self.tracking.set_tags(
            self.run_id, {f"espalier.{name}": value for name, value in tags.items()}
        )

    def conclude(self, outcome: str, figures: Mapping[str, float]) -> None:
        """End the run with an outcome of one word and the metrics ``figures``."""
        self.tag({"outcome": outcome})
        self.tracking.finish_run(self.run_id, figures)


@contextmanager
def lifecycle_run(
    tracking: Tracking, kind: str, version: RegisteredVersion, request: Mapping[str, Any]
) -> Iterator[LifecycleRun]:
    """Open an MLflow run for the block; an error of the block ends it as failed.

    Parameters
    ----------
    tracking : Tracking
        The MLflow store.
    kind : str
        ``retrain`` or ``monitor``.
    version : RegisteredVersion
        The model version that is retrained or monitored.
    request : mapping
        The request in JSON form; logged as parameters.
    """
    tags = {
        run_tags.KIND: kind,
        run_tags.MODEL: version.name,
        "espalier.version": str(version.version),
    }
    with owned_run(tracking, f"{kind} {version.name}", tags) as run_id:
        tracking.log_params(
            run_id, {key: each for key, each in request.items() if each is not None}
        )
        yield LifecycleRun(tracking, run_id)
