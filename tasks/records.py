"""The records that tasks exchange; tables are passed as paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
from numpy.typing import NDArray

from espalier.infra.runs.fold_models import open_fold_models
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.training_data import TrainingData
from espalier.pipelines.calibration.report import NOTHING_ADJUSTED, AdjustmentReport
from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.images.bad_files import BadFile
from espalier.pipelines.images.looks import Look
from espalier.pipelines.problem import FORECAST, ProblemKind
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.pickles import PREPARED

if TYPE_CHECKING:  # loads the families of forecasts, scikit-learn, and the combiners
    from espalier.pipelines.automl.forecast.data import ForecastData
    from espalier.pipelines.explain.search.growth import GrowthStage
    from espalier.pipelines.finishing.prefer import FrontPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRef:
    """Reference to a raw table that is staged in the run folder.

    Attributes
    ----------
    folder : Path
        The run folder.
    fingerprint : str
        Fingerprint of the table's content.
    n_rows : int
        Number of rows.
    schema : tuple of (column, dtype)
        Columns and their dtypes as read.
    """

    folder: Path
    fingerprint: str
    n_rows: int
    schema: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, table: pd.DataFrame, fingerprint: str, folder: Path) -> "TableRef":
        """Return the reference to ``table`` in ``folder``; the table is not written."""
        schema = tuple((str(name), str(kind)) for name, kind in table.dtypes.items())
        return cls(folder=folder, fingerprint=fingerprint, n_rows=len(table), schema=schema)

    @staticmethod
    def path_in(folder: Path) -> Path:
        """Return the path of the table in a run folder."""
        return folder / "table.pkl"

    @property
    def path(self) -> Path:
        """Path of the table."""
        return self.path_in(self.folder)

    @property
    def prepared_path(self) -> Path:
        """Path of the prepared data."""
        return self.folder / "prepared.pkl"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRecord:
    """Result of checking the training table against its suite.

    Attributes
    ----------
    n_expectations : int
        Number of expectations checked.
    failures : tuple of (severity, expectation)
        The expectations that do not hold.
    json_path, html_path : Path
        The suite with its results, as JSON and as a page.
    """

    n_expectations: int
    failures: tuple[tuple[str, str], ...]
    json_path: Path
    html_path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesRecord:
    """The picture columns of a training table, after every file has been opened.

    Attributes
    ----------
    columns : tuple of str
        The columns that hold pictures.
    look : Look or None
        How closely they were looked at; None without pictures.
    n_pictures, n_computed : int
        Usable pictures, and those whose vectors were not known from before.
    n_unread : int
        Pictures for which there was no time; they count as missing.
    seconds : float
        Time that it took.
    notes, warnings : tuple of str
        Remarks; files that cannot be used, with the reasons.
    bad_files : tuple of BadFile
        All pictures that cannot be used.
    """

    columns: tuple[str, ...] = ()
    look: Look | None = None
    n_pictures: int = 0
    n_computed: int = 0
    n_unread: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    bad_files: tuple[BadFile, ...] = ()


NO_PICTURES = PicturesRecord()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRef:
    """Reference to the prepared data, with their description.

    Attributes
    ----------
    path : Path
        A pickled `PreparedData`, written by this run.
    metric : str
        Name of the optimised metric.
    shape : DatasetShape
        Shape of the search rows.
    n_holdout : int
        Number of hold-out rows.
    n_folds : int
        Number of folds.
    folds : str
        Description of the folds.
    digest : str
        Digest of rows, target, columns and folds: only scores with the same digest can be
        compared.
    notes, warnings : tuple of str
        Remarks about the data; faults that may need action.
    set_aside : tuple of (column, reason)
        Columns that are not used as features.
    bad_files : tuple of BadFile
        Pictures that cannot be used.
    suspects : tuple of (column, reason)
        Columns that may give the target away, and are used.
    repeated : int
        Hold-out rows that are also among the search rows, word for word.
    series : PreparedSeries or None
        Description of the series of a forecast; None for a table.
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
    bad_files: tuple[BadFile, ...] = ()
    suspects: tuple[tuple[str, str], ...] = ()
    repeated: int = 0

    series: "PreparedSeries | None" = None

    # It is kept in the run folder: a run may go on after an update.
    __setstate__ = set_state_with_defaults

    @property
    def problem(self) -> ProblemKind:
        """Kind of problem."""
        return self.shape.problem

    @property
    def task(self) -> str:
        """What the user calls the kind of problem; ``forecast`` for series."""
        return str(self.problem) if self.series is None else FORECAST

    @property
    def content(self) -> "PreparedData | ForecastData":
        """The prepared data; read once per process. Callers must not change them."""
        return cast("PreparedData | ForecastData", PREPARED.read(self.path))

    @property
    def data(self) -> "PreparedData":
        """The prepared data of a table."""
        return cast(PreparedData, self.content)

    @property
    def forecast(self) -> "ForecastData":
        """The prepared series of a forecast."""
        return cast("ForecastData", self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSeries:
    """What is known of the series of a forecast.

    Attributes
    ----------
    n_series : int
        Number of series.
    horizon : int
        Steps to forecast.
    frequency : str
        The step, such as ``D``.
    season : int
        Steps after which the pattern repeats; 1 for none.
    """

    n_series: int
    horizon: int
    frequency: str
    season: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedData(TrainingData):
    """The prepared data of search and evaluation, including the hold-out.

    Attributes
    ----------
    holdout_rows : DataFrame, shape (n_holdout, n_raw_columns)
        Raw hold-out rows, as the served model gets raw rows.
    search_positions, holdout_positions : array of int64
        Positions of search and hold-out rows in the staged table.
    example_rows : DataFrame
        A few raw search rows, for the model's signature.
    holdout_y, holdout_weight, holdout_groups : array (or None, except the first), (n_holdout,)
        Target, weights and group codes of the hold-out rows.
    all_rows : Dataset or None
        Search rows, then hold-out rows; None unless the model is to learn from all of them.
    """

    holdout_y: NDArray[Any]
    holdout_rows: pd.DataFrame
    search_positions: NDArray[Any]
    holdout_positions: NDArray[Any]
    example_rows: pd.DataFrame
    holdout_weight: NDArray[Any] | None = None
    holdout_groups: NDArray[Any] | None = None
    all_rows: Dataset | None = None

    @property
    def example(self) -> pd.DataFrame:
        """The example rows with the columns that the model takes."""
        return with_unique_names(self.example_rows)[list(self.preparation.columns)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRecord:
    """The chosen ensemble, refitted and saved.

    Attributes
    ----------
    path : Path
        Folder of the saved model.
    method : str
        Name of the combiner that chose the members.
    cv_score : float
        Score of the ensemble on out-of-fold predictions.
    weights : mapping of int to float
        Weights of the members by trial number.
    combiners : tuple of (method, score, number of members)
        The combiners that were compared, with their nested scores.
    adjusted : AdjustmentReport
        How calibration, decision threshold and prediction intervals were chosen.
    fold_models : tuple of (trial number, number of models)
        Members that serve as the models of their folds; the others were refitted to all rows.
    refits : tuple of (trial number, number of models)
        Members of which several refits serve, of different seeds.
    row_ms : float or None
        Milliseconds that the model takes for a single raw row.
    learnt_all : bool
        Whether the members learnt from the hold-out rows too, after these had scored them.
    growth : tuple of GrowthStage
        Scores on out-of-fold rows as the members join, heaviest first; empty if not measured.
    warnings : tuple of str
        What went wrong in building it, without ending the run.
    light : tuple of TrialResult
        Smaller forms of the best models; none unless they were asked for.
    front : tuple of FrontPoint
        What cannot be bettered in score and costs at once; empty unless asked for.
    """

    path: Path
    method: str
    cv_score: float
    weights: Mapping[int, float]
    combiners: tuple[tuple[str, float, int], ...] = field(default=())
    adjusted: AdjustmentReport = NOTHING_ADJUSTED
    fold_models: tuple[tuple[int, int], ...] = ()
    refits: tuple[tuple[int, int], ...] = ()
    row_ms: float | None = None
    learnt_all: bool = False
    growth: "tuple[GrowthStage, ...]" = ()
    warnings: tuple[str, ...] = ()
    light: tuple[TrialResult, ...] = ()
    front: "tuple[FrontPoint, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutRecord:
    """Score of the ensemble on the hold-out.

    Attributes
    ----------
    score, baseline : float
        Value of the metric, and that of the best constant prediction on the same rows.
    interval : (float, float)
        95 % bootstrap interval of the score.
    n_rows : int
        Number of rows that were scored.
    note : str
        Why not all hold-out rows were scored; empty if all were.
    covered : float or None
        Share of these rows within 90 % prediction intervals; None for a model without any.
    """

    score: float
    interval: tuple[float, float]
    baseline: float
    n_rows: int
    note: str = ""
    covered: float | None = None
