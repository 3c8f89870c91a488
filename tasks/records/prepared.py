"""The prepared data of a run, and the reference to them that tasks are given."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.automl.training_data import TrainingData
from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.images.bad_files import BadFile
from espalier.pipelines.problem import FORECAST, ProblemKind
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults
from espalier.tasks.pickles import PREPARED

if TYPE_CHECKING:  # loads the families of forecasts, scikit-learn, and the combiners
    from espalier.pipelines.automl.forecast.data import ForecastData


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

    series: PreparedSeries | None = None

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
    def data(self) -> PreparedData:
        """The prepared data of a table."""
        return cast(PreparedData, self.content)

    @property
    def forecast(self) -> "ForecastData":
        """The prepared series of a forecast."""
        return cast("ForecastData", self.content)
