"""Options of a training run, as given on the command line or in the Prefect form.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

import hashlib
import json
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from espalier.pipelines.data.splitting.folds import check_fold_count
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.images.bad_files import BadFiles
from espalier.pipelines.members.serving_limits import ServingLimits
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.redaction import redact_source
from espalier.pipelines.requests.duration import parse_duration
from espalier.pipelines.requests.essentials import essentials_of
from espalier.pipelines.requests.forecast_options import (
    DEFAULT_QUANTILES,
    HierarchyLevels,
    HolidayPlaces,
    Horizon,
    KnownCovariates,
    PastCovariates,
    Quantiles,
    Season,
    SeriesColumn,
    Static,
    Step,
    Wide,
    check_forecast_options,
)
from espalier.pipelines.requests.form import (
    DataSource,
    Form,
    NameList,
    Objectives,
    OptionalNumber,
    OptionalPortable,
    OptionalText,
    Prefer,
    check_preference,
)
from espalier.pipelines.requests.form_schema import (
    FAMILIES,
    FORECAST_FAMILIES,
    FORECAST_METRICS,
    METRICS,
    NETWORK_FAMILIES,
)
from espalier.pipelines.requests.model_names import (
    check_model_name,
    check_versions,
    default_name,
)
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.resources.memory import memory_bytes
from espalier.pipelines.search.strategies.names import (
    DEFAULT_STRATEGY,
    STRATEGIES,
    check_strategy,
)

DEFAULT_TIME_BUDGET = "10m"

Task = Literal["auto", "binary", "multiclass", "regression"]


class TrainRequest(Form):
    """Options of `train`: the data, the target, the budget and what may be tried."""

    data: DataSource = Field(
        min_length=1,
        title="Data",
        description="A file (CSV, TSV, Parquet, Arrow, Feather, JSON lines; compressed too), a "
        "workbook (book.xlsx#Sheet), a fsspec URL, a folder or zip archive of pictures in folders "
        "of their class, or a SQLAlchemy database URL together with a query.",
    )
    target: str = Field(
        min_length=1,
        title="Target",
        description="The column to predict; of a folder of class folders it is `label`.",
    )
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT statement, if the data are a database."
    )
    name: OptionalText = Field(
        default=None,
        title="Model name",
        description="Name in the model registry; empty to derive it from the data source.",
    )
    task: Task = Field(
        default="auto",
        title="Task",
        description="The kind of problem; auto infers it from the target.",
    )
    metric: OptionalText = Field(
        default=None,
        title="Metric",
        description="Metric to optimise; empty for roc_auc (binary), log_loss (multiclass), rmse "
        "(regression) or mase (forecasts).",
        json_schema_extra={"enum": [*METRICS, *FORECAST_METRICS]},
    )
    time_budget: OptionalText = Field(
        default=None,
        title="Time budget",
        description="Time limit of the training, such as 90s, 10m or 1h30m. Empty for no limit "
        f"when a number of trials is given, {DEFAULT_TIME_BUDGET} otherwise.",
    )
    trials: int | None = Field(
        default=None, title="Trials", description="Maximum number of trials; empty for no limit."
    )
    workers: int | None = Field(
        default=None,
        title="Workers",
        description="Number of worker processes on this machine; empty for one per core.",
    )
    memory_limit: OptionalText = Field(
        default=None,
        title="Memory limit",
        description="Memory a trial may use, such as 4GiB; empty for an equal share of 80 % of the "
        "machine's memory. A large limit can reduce how many trials run at the same time.",
    )
    dask: OptionalText = Field(
        default=None,
        title="Dask scheduler",
        description="Address of a running Dask scheduler (tcp://...) to use instead of workers on "
        "this machine.",
    )
    families: NameList = Field(
        default=(),
        title="Model families",
        description="Restrict the search to these families; empty for all but ebm.",
        json_schema_extra={
            "items": {
                "type": "string",
                "enum": [*FAMILIES, *NETWORK_FAMILIES, *FORECAST_FAMILIES],
            }
        },
    )
    search: str = Field(
        default=DEFAULT_STRATEGY,
        title="Search",
        description="Search strategy that proposes the configurations to try.",
        json_schema_extra={"enum": list(STRATEGIES)},
    )
    folds: int | None = Field(
        default=None,
        title="Folds",
        description="Number of folds that score a trial, 1 for a single split; empty to choose it "
        "by the number of rows and the time budget.",
    )
    seed: int = Field(
        default=0, title="Seed", description="Random seed of everything random in the training."
    )
    group_column: OptionalText = Field(
        default=None,
        title="Group column",
        description="Column whose values mark groups of rows; a group is never divided by a split.",
    )
    time_column: OptionalText = Field(
        default=None,
        title="Time column",
        description="Column that orders the rows in time: models are validated on rows newer than "
        "those they are trained on, and the newest rows are the hold-out.",
    )
    weight_column: OptionalText = Field(
        default=None,
        title="Weight column",
        description="Column with the weight of each row in fitting and in scores; it is not used "
        "as a feature.",
    )
    exclude: NameList = Field(
        default=(), title="Exclude", description="Columns the model must not use."
    )
    start_from: NameList = Field(
        default=(),
        title="Start from",
        description="Earlier versions (NAME/VERSION) whose best configurations are tried first. "
        "Rows in the hold-out of the first version stay in the hold-out.",
    )
    extends: OptionalText = Field(
        default=None,
        title="Extends",
        description="Leave empty. The flow `extend` sets it to the run folder whose table and "
        "trials are continued; the budget is then added to that of the run.",
    )
    updates: bool = Field(
        default=False,
        title="Updates",
        description="Leave empty. The flow `retrain` sets it: only the members of the newest "
        "version to start from are evaluated, without a search.",
    )
    image_columns: NameList = Field(
        default=(),
        title="Image columns",
        description="Columns of pictures (paths of files, or their bytes); empty to recognise "
        "them.",
    )
    image_root: OptionalText = Field(
        default=None,
        title="Image root",
        description="Folder or zip archive that paths of pictures start from; empty for the folder "
        "of the data.",
    )
    bad_files: BadFiles = Field(
        default="missing",
        title="Bad files",
        description="What is done with pictures that cannot be used (cut off, no picture, not "
        "there); they are listed in any case. missing: a missing cell of their row. set-aside: "
        "their row is left out. refuse: no training.",
    )
    about: OptionalText = Field(
        default=None,
        title="About",
        description="The subject of the table, in a few words; earlier tables with the same "
        "subject are treated as more similar.",
    )
    allow_baseline: bool = Field(
        default=False,
        title="Allow the baseline",
        description="If every trial fails, register the best constant prediction instead of "
        "failing.",
    )

    serving: Serving = Field(
        default="auto",
        title="Serving",
        description="Where the models of the ensemble come from. refit: each member is fitted "
        "again to all rows (small, fast predictions). bagged: the models of its folds are averaged "
        "(no fit at the end). auto: refit as many as the time allows, boosters up to five times "
        "with other seeds while one row takes at most 20 ms; bag the others.",
    )

    max_latency_ms: OptionalNumber = Field(
        default=None,
        title="Max latency",
        description="Longest time the model may take for one row, in milliseconds; the members are "
        "chosen to meet this limit. Empty for no limit.",
    )
    max_size_mb: OptionalNumber = Field(
        default=None,
        title="Max size",
        description="Largest size of the model, in MiB; the members are chosen to meet this limit. "
        "Empty for no limit.",
    )
    max_operations: OptionalNumber = Field(
        default=None,
        title="Max operations",
        description="Most operations (comparisons, additions, multiplications) that the model may "
        "take for one row; what is known to take more is not trained. Empty for no limit.",
    )
    objectives: Objectives = ()
    prefer: Prefer = None
    interpretable: bool = Field(
        default=False,
        title="Interpretable",
        description="Try only models that a person can read, and use a single one instead of an "
        "ensemble.",
    )
    portable: OptionalPortable = Field(
        default=None,
        title="Portable",
        description="Try only models that `espalier export` can write as one file: onnx, or c for "
        "numbers, categories and dates. Empty to try everything.",
    )
    refit_on_all: bool = Field(
        default=False,
        title="Refit on all rows",
        description="After the hold-out has scored the model, fit its members once more, to the "
        "hold-out rows as well. Later models can then be compared with it only on newer rows.",
    )

    horizon: Horizon = None
    series_column: SeriesColumn = None
    freq: Step = None
    known_covariates: KnownCovariates = ()
    season: Season = None
    quantiles: Quantiles = ()
    past_covariates: PastCovariates = ()
    static: Static = ()
    holidays: HolidayPlaces = ()
    hierarchy: HierarchyLevels = ()
    wide: Wide = False

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str | None) -> str | None:
        if value is not None:
            memory_bytes(value)
        return value

    @field_validator("name")
    @classmethod
    def _speakable(cls, value: str | None) -> str | None:
        return None if value is None else check_model_name(value)

    @field_validator("search")
    @classmethod
    def _known_search(cls, value: str) -> str:
        return check_strategy(value)

    @field_validator("start_from")
    @classmethod
    def _versions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_versions(value)

    @field_validator("seed")
    @classmethod
    def _seed_in_range(cls, value: int) -> int:
        if not 0 <= value < 2**32:
            raise UserError(f"the seed must be between 0 and 2**32 - 1, not {value}")
        return value

    @field_validator("folds")
    @classmethod
    def _some_folds(cls, value: int | None) -> int | None:
        return None if value is None else check_fold_count(value)

    @field_validator("workers")
    @classmethod
    def _some_worker(cls, value: int | None) -> int | None:
        if value is not None and value < 1:
            raise UserError(f"the number of workers must be at least 1, not {value}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "TrainRequest":
        _ = self.budget, self.limits
        check_preference(self.objectives, self.prefer)
        if self.target in self.exclude:
            raise UserError(f"column {self.target!r} is the target; it cannot be excluded")
        for option in ("group", "time", "weight"):
            column = getattr(self, f"{option}_column")
            if column == self.target:
                said = f"column {column!r} is the target"
                raise UserError(f"{said}; it cannot be the {option} column")
        self._check_forecast()
        if self.dask is not None and self.workers is not None:
            raise UserError(
                "give the number of workers or the address of a Dask scheduler, not both"
            )
        return self

    def _check_forecast(self) -> None:
        """Refuse options of a forecast that contradict each other."""
        check_forecast_options(
            {name: getattr(self, name) for name in type(self).model_fields},
            columns=self.series_columns.roles,
        )

    @property
    def is_forecast(self) -> bool:
        """Whether series are forecast; otherwise rows of a table are predicted."""
        return self.horizon is not None

    @property
    def learns_all(self) -> bool:
        """Whether the model that is registered learns from the hold-out too, once that scored it.

        A forecast does: it must know the newest values.
        """
        return self.refit_on_all or self.is_forecast

    @property
    def series_columns(self) -> SeriesColumns:
        """The columns of a table of series."""
        return SeriesColumns(
            time=self.time_column,
            target=self.target,
            series=self.series_column,
            known_covariates=self.known_covariates,
            past_covariates=self.past_covariates,
            static=self.static,
            holidays=tuple(place.upper() for place in self.holidays),
            hierarchy=self.hierarchy,
            wide=self.wide,
            exclude=self.exclude if self.wide else (),
        ).named()

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of the quantiles of a forecast, ascending."""
        return self.quantiles or DEFAULT_QUANTILES

    @property
    def shown_data(self) -> str:
        """The data source without its password, for display."""
        return redact_source(self.data)

    @property
    def model_name(self) -> str:
        """The name to register the model under."""
        return self.name or default_name(self.data)

    @property
    def budget(self) -> Budget:
        """The time and the number of trials that the run may spend."""
        text = self.time_budget
        if text is None and self.trials is None:
            text = DEFAULT_TIME_BUDGET
        return Budget(seconds=None if text is None else parse_duration(text), trials=self.trials)

    @property
    def limits(self) -> ServingLimits:
        """The largest latency, size and operations that the model may have."""
        return ServingLimits(
            max_latency_ms=self.max_latency_ms,
            max_size_mb=self.max_size_mb,
            max_operations=self.max_operations,
        )

    @property
    def essentials(self) -> dict[str, Any]:
        """The options that decide which trials are run and how they are scored.

        A killed run is continued only by a request with the same essentials. Where the work happens
        (workers, Dask) is not part of them. Neither is the data source: the fingerprint of the data
        is compared instead.
        """
        return essentials_of(self, self.model_name)

    @property
    def digest(self) -> str:
        """A hash of `essentials`, twelve hexadecimal digits."""
        text = json.dumps(self.essentials, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
