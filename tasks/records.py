"""The small records that tasks exchange; tables travel as paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from espalier.infra.runs.fold_models import open_fold_models
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.training_data import TrainingData
from espalier.pipelines.calibration.report import NOTHING_ADJUSTED, AdjustmentReport
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.trials.configuration import Configuration
from espalier.tasks.pickles import PREPARED


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRef:
    """A table as it was read, staged in the run folder.

    Attributes
    ----------
    folder : Path
        The run folder.
    fingerprint : str
        Names the table's content.
    n_rows : int
        Its size.
    schema : tuple of (column, dtype)
        As it was read.
    """

    folder: Path
    fingerprint: str
    n_rows: int
    schema: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, table: pd.DataFrame, fingerprint: str, folder: Path) -> "TableRef":
        """Return the reference to ``table`` in ``folder``, where it is yet to be put."""
        schema = tuple((str(name), str(kind)) for name, kind in table.dtypes.items())
        return cls(folder=folder, fingerprint=fingerprint, n_rows=len(table), schema=schema)

    @staticmethod
    def path_in(folder: Path) -> Path:
        """Return where the table of a run folder is."""
        return folder / "table.pkl"

    @property
    def path(self) -> Path:
        """Where the table is."""
        return self.path_in(self.folder)

    @property
    def prepared_path(self) -> Path:
        """Where the prepared data go."""
        return self.folder / "prepared.pkl"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """A training under way: what is asked, of which table, and where it is on record.

    Attributes
    ----------
    request : TrainRequest
        What is asked.
    table : TableRef
        The table, in the run folder.
    tracking : Tracking
        The MLflow store.
    run_id : str
        MLflow's parent run; empty before it is open.
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
        """What the run has done so far."""
        return RunStore(self.folder)

    @property
    def settings(self) -> TrainingSettings:
        """The request, as the core has it."""
        request = self.request
        return TrainingSettings.of(
            request,
            {
                "time_budget": request.budget.seconds,
                "n_trials": request.trials,
                "n_folds": request.folds,
                "families": request.families or None,
            },
        )

    @property
    def fold_models(self) -> FoldModels | None:
        """Where fold models of the best trials are kept; None where none are."""
        if not self.settings.keeps_fold_models:
            return None
        return open_fold_models(self.folder, self.tracking.settings.home)


@dataclass(frozen=True, slots=True, kw_only=True)
class InheritedTraining:
    """What a training takes over from earlier ones.

    Attributes
    ----------
    winners : tuple of Configuration
        To be tried first.
    version : str
        ``NAME/VERSION`` whose hold-out is kept; empty for a training from nothing.
    fingerprint : str
        Of the data it was trained on.
    rows_path : Path or None
        Keys of the rows that it was trained on and held out; None where it kept none.
    """

    winners: tuple[Configuration, ...] = ()
    version: str = ""
    fingerprint: str = ""
    rows_path: Path | None = None

    @property
    def tags(self) -> dict[str, str]:
        """What the registry is to know of it."""
        if not self.version:
            return {}
        return {"compared_with": self.version, "compared_fingerprint": self.fingerprint}


NOTHING_INHERITED = InheritedTraining()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRecord:
    """What the gate found.

    Attributes
    ----------
    n_expectations : int
        How many were checked.
    failures : tuple of (severity, expectation)
        Those that did not hold.
    json_path, html_path : Path
        The suite with its results, for machines and for people.
    """

    n_expectations: int
    failures: tuple[tuple[str, str], ...]
    json_path: Path
    html_path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRef:
    """The prepared data: where they are, and what is worth saying about them.

    Attributes
    ----------
    path : Path
        A pickled `PreparedData`, written by this run.
    metric : str
        What is optimised.
    shape : DatasetShape
        Of the search rows.
    n_holdout : int
        Rows that nothing sees before the end.
    n_folds : int
        Fits of a trial.
    folds : str
        How trials are scored, in words.
    digest : str
        Names rows, target, columns and folds: only scores of the same digest can be compared.
    notes, warnings : tuple of str
        What is worth knowing; what may need a person's look.
    set_aside : tuple of (column, reason)
        Columns that are not features.
    """

    path: Path
    metric: str
    shape: DatasetShape
    n_holdout: int
    n_folds: int
    folds: str
    digest: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()

    @property
    def problem(self) -> ProblemKind:
        """What is predicted."""
        return self.shape.problem

    @property
    def data(self) -> "PreparedData":
        """The prepared data; opened once in a process, and not to be changed."""
        prepared: PreparedData = PREPARED.read(self.path)
        return prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedData(TrainingData):
    """Everything the search and the evaluation need; written once, read where it is used.

    Attributes
    ----------
    holdout_y : array, shape (n_holdout,)
        Target of the rows that nothing sees before the end.
    holdout_rows : DataFrame, shape (n_holdout, n_raw_columns)
        The same rows as they were read: the served model is what is scored.
    search_positions, holdout_positions : array of int64
        Where the rows of the two parts are in the staged table.
    example_rows : DataFrame
        A few raw rows of the search part, for the model's signature.
    holdout_weight : array or None, shape (n_holdout,)
        How much the held-out rows count.
    holdout_groups : array or None, shape (n_holdout,)
        Codes of held-out rows that belong together.
    """

    holdout_y: NDArray[Any]
    holdout_rows: pd.DataFrame
    search_positions: NDArray[Any]
    holdout_positions: NDArray[Any]
    example_rows: pd.DataFrame
    holdout_weight: NDArray[Any] | None = None
    holdout_groups: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRecord:
    """The chosen ensemble, refitted and saved.

    Attributes
    ----------
    path : Path
        Folder of the saved model.
    method : str
        How members were chosen.
    cv_score : float
        Of the ensemble on out-of-fold predictions.
    weights : mapping of int to float
        Share of each trial that made it into the model, by number.
    combiners : tuple of (method, score, number of members)
        What it was chosen from.
    adjusted : AdjustmentReport
        How its calibration, threshold and intervals came about.
    fold_models : tuple of (trial number, number of models)
        Members that serve as the models of their folds; the others were refitted to all rows.
    row_ms : float or None
        Milliseconds that the model takes for a single raw row.
    """

    path: Path
    method: str
    cv_score: float
    weights: Mapping[int, float]
    combiners: tuple[tuple[str, float, int], ...] = field(default=())
    adjusted: AdjustmentReport = NOTHING_ADJUSTED
    fold_models: tuple[tuple[int, int], ...] = ()
    row_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutRecord:
    """How good the ensemble is on rows that nothing saw.

    Attributes
    ----------
    score : float
        The metric.
    interval : (float, float)
        95 % bootstrap interval.
    baseline : float
        Of a dummy model on the same rows.
    n_rows : int
        How many rows.
    note : str
        Why they are not all the rows that were held out; empty if they are.
    covered : float or None
        Share of these rows within 90 % prediction intervals; None for a model without any.
    """

    score: float
    interval: tuple[float, float]
    baseline: float
    n_rows: int
    note: str = ""
    covered: float | None = None
