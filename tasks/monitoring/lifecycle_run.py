"""What a retraining or a monitoring leaves in MLflow: a run of its own, never changed later."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.owned_run import owned_run
from espalier.infra.tracking.tracking import Tracking


@dataclass(frozen=True, slots=True)
class LifecycleRun:
    """One run of the history.

    Attributes
    ----------
    tracking : Tracking
        The store.
    run_id : str
        The run.
    """

    tracking: Tracking
    run_id: str

    def keep(self, file: str, record: Any) -> None:
        """Keep a JSON-ready record as the artifact ``file``."""
        self.tracking.log_json(self.run_id, record, file)

    def tag(self, tags: Mapping[str, Any]) -> None:
        """Set tags, each ``espalier.<name>``."""
        self.tracking.set_tags(
            self.run_id, {f"espalier.{name}": value for name, value in tags.items()}
        )

    def conclude(self, outcome: str, figures: Mapping[str, float]) -> None:
        """End the run with its outcome in a word and its figures."""
        self.tag({"outcome": outcome})
        self.tracking.finish_run(self.run_id, figures)


@contextmanager
def lifecycle_run(
    tracking: Tracking, kind: str, version: RegisteredVersion, request: Mapping[str, Any]
) -> Iterator[LifecycleRun]:
    """Open a run of the history for the block; what the block raises ends it as failed.

    Parameters
    ----------
    tracking : Tracking
        The store.
    kind : str
        ``retrain`` or ``monitor``.
    version : RegisteredVersion
        The model it is about.
    request : mapping
        What was asked, JSON-ready.
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
