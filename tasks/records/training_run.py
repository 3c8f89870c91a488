"""A training run, and what it takes over from earlier versions."""

from dataclasses import dataclass
from pathlib import Path

from espalier.infra.runs.fold_models import open_fold_models
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.trials.configuration import Configuration
from espalier.tasks.records.table import TableRef


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """A training run: its request, its table, and its MLflow run.

    Attributes
    ----------
    request : TrainRequest
        The request.
    table : TableRef
        The table, in the run folder.
    tracking : Tracking
        The MLflow store.
    run_id : str
        ID of the MLflow run; empty before it is open.
    """

    request: TrainRequest
    table: TableRef
    tracking: Tracking
    run_id: str = ""

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.table.folder

    @property
    def store(self) -> RunStore:
        """The run folder's record of trials and notes."""
        return RunStore(self.folder)

    @property
    def settings(self) -> TrainingSettings:
        """The options of the training, from the request."""
        asked = self.request
        named = {
            "n_trials": asked.trials,
            "n_folds": asked.folds,
            "families": asked.families or None,
        }
        return TrainingSettings.of(asked, {"time_budget": asked.budget.seconds, **named})

    @property
    def fold_models(self) -> FoldModels | None:
        """Store of the fold models of the best trials; None if none are kept."""
        kept = self.settings.keeps_fold_models and not self.request.is_forecast
        return open_fold_models(self.folder, self.tracking.settings.home) if kept else None


@dataclass(frozen=True, slots=True, kw_only=True)
class InheritedTraining:
    """Best configurations and hold-out that a training takes over from earlier versions.

    Attributes
    ----------
    winners : tuple of Configuration
        Configurations to try first.
    version : str
        ``NAME/VERSION`` whose hold-out is kept; empty if nothing is taken over.
    fingerprint : str
        Fingerprint of the training table of that version.
    rows_path : Path or None
        File with the keys of its training and hold-out rows; None if it kept none.
    """

    winners: tuple[Configuration, ...] = ()
    version: str = ""
    fingerprint: str = ""
    rows_path: Path | None = None

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the registered version that name the version started from."""
        if not self.version:
            return {}
        return {"compared_with": self.version, "compared_fingerprint": self.fingerprint}


NOTHING_INHERITED = InheritedTraining()
