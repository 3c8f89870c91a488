"""Options of a training run, as given on the command line or in the Prefect form.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

import hashlib
import json
from typing import Any

from pydantic import Field, field_validator, model_validator

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.images.bad_files import BadFiles
from espalier.pipelines.members.serving_limits import ServingLimits
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
    DaskScheduler,
    DataSource,
    Form,
    NameList,
    Objectives,
    OptionalText,
    Prefer,
    Workers,
    check_preference,
)
from espalier.pipelines.requests.model_names import (
    check_model_name,
    default_name,
)
from espalier.pipelines.requests.search_options import (
    AllowBaseline,
    FoldCount,
    Interpretable,
    MaxLatency,
    MaxOperations,
    MaxSize,
    Metric,
    ModelFamilies,
    Portable,
    RefitOnAll,
    Seed,
    ServingMode,
    StartFrom,
    Strategy,
    Task,
)
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.resources.memory import memory_bytes
from espalier.pipelines.search.strategies.names import (
    DEFAULT_STRATEGY,
)

DEFAULT_TIME_BUDGET = "10m"


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
    task: Task = "auto"
    metric: Metric = None
    time_budget: OptionalText = Field(
        default=None,
        title="Time budget",
        description="Time limit of the training, such as 90s, 10m or 1h30m. Empty for no limit "
        f"when a number of trials is given, {DEFAULT_TIME_BUDGET} otherwise.",
    )
    trials: int | None = Field(
        default=None, title="Trials", description="Maximum number of trials; empty for no limit."
    )
    workers: Workers = None
    memory_limit: OptionalText = Field(
        default=None,
        title="Memory limit",
        description="Memory a trial may use, such as 4GiB; empty for an equal share of 80 % of the "
        "machine's memory. A large limit can reduce how many trials run at the same time.",
    )
    dask: DaskScheduler = None
    families: ModelFamilies = ()
    search: Strategy = DEFAULT_STRATEGY
    folds: FoldCount = None
    seed: Seed = 0
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
    start_from: StartFrom = ()
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
    allow_baseline: AllowBaseline = False

    serving: ServingMode = "auto"

    max_latency_ms: MaxLatency = None
    max_size_mb: MaxSize = None
    max_operations: MaxOperations = None
    objectives: Objectives = ()
    prefer: Prefer = None
    interpretable: Interpretable = False
    portable: Portable = None
    refit_on_all: RefitOnAll = False

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
        check_forecast_options(
            {name: getattr(self, name) for name in type(self).model_fields},
            columns=self.series_columns.roles,
        )
        if self.dask is not None and self.workers is not None:
            raise UserError(
                "give the number of workers or the address of a Dask scheduler, not both"
            )
        return self

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
