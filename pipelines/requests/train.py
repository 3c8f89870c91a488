"""What a person asks for, checked where it comes in: the command line and the Prefect form.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

import hashlib
import json
import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from espalier.pipelines.data.splitting.folds import check_fold_count
from espalier.pipelines.errors import UserError
from espalier.pipelines.members.serving_limits import ServingLimits
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.redaction import redact
from espalier.pipelines.requests.form import (
    DataSource,
    Form,
    NameList,
    OptionalNumber,
    OptionalText,
)
from espalier.pipelines.requests.form_schema import FAMILIES, METRICS
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.resources.memory import memory_bytes
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY, STRATEGIES

DEFAULT_TIME_BUDGET = "10m"

Task = Literal["auto", "binary", "multiclass", "regression"]

_NUMBER = r"\d+(?:\.\d+)?"
_UNITS = ("days", "hours", "minutes", "seconds")
# Largest unit first, each once, and at least one of them.
_DURATION = re.compile(
    "(?!$)" + "".join(rf"(?:(?P<{unit}>{_NUMBER}){unit[0]})?" for unit in _UNITS)
)
# MLflow refuses / and : in a model's name; @ begins an alias.
_NAME = re.compile(r"[\w][\w .+\-]{0,99}")
_VERSION = re.compile(rf"{_NAME.pattern}/\d+")


def parse_duration(text: str) -> float:
    """Return the seconds that ``text`` stands for: ``90s``, ``10m``, ``1h30m``, ``1.5h``, ``45``.

    Raises
    ------
    UserError
        It is not a duration, or not a positive one.
    """
    signed = text.strip().lower().replace(" ", "").removeprefix("+")
    plain = signed.removeprefix("-")
    found = _DURATION.fullmatch(f"{plain}s" if re.fullmatch(_NUMBER, plain) else plain)
    try:
        parts = {} if found is None else found.groupdict(default="0")
        seconds = timedelta(**{unit: float(part) for unit, part in parts.items()}).total_seconds()
    except OverflowError:
        found = None
    if found is None:
        raise UserError(f"time budget {text!r} is not a duration; write it like 90s, 10m or 1h30m")
    if signed.startswith("-") or seconds <= 0:
        raise UserError(f"the time budget must be positive, not {text.strip()!r}")
    return seconds


def default_name(source: str) -> str:
    """Return a model name made from the last part of a file's path or URL."""
    path = source.split("?", 1)[0].split("::", 1)[-1].replace("\\", "/")
    stem = PurePosixPath(path).name.split(".", 1)[0]
    return re.sub(r"[^\w.+\-]+", "-", stem).strip("-.") or "model"


class TrainRequest(Form):
    """A training: the data, the target, the budget and what may be tried."""

    data: DataSource = Field(
        min_length=1,
        title="Data",
        description="A file (CSV, TSV, Parquet, Arrow, Feather, JSON lines; compressed too), a "
        "fsspec URL, or a SQLAlchemy database URL together with a query.",
    )
    target: str = Field(min_length=1, title="Target", description="The column to predict.")
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT to run where the data are a database."
    )
    name: OptionalText = Field(
        default=None,
        title="Model name",
        description="Name in the model registry; made from the data's name when left empty.",
    )
    task: Task = Field(
        default="auto", title="Task", description="The kind of problem; auto reads the target."
    )
    metric: OptionalText = Field(
        default=None,
        title="Metric",
        description="What to optimise; empty for roc_auc, log_loss or rmse by the task.",
        json_schema_extra={"enum": list(METRICS)},
    )
    time_budget: OptionalText = Field(
        default=None,
        title="Time budget",
        description="Like 90s, 10m or 1h30m. Empty: no limit when a number of trials is given, "
        f"{DEFAULT_TIME_BUDGET} otherwise.",
    )
    trials: int | None = Field(
        default=None, title="Trials", description="Number of trials; empty for no limit."
    )
    workers: int | None = Field(
        default=None,
        title="Workers",
        description="Worker processes on this machine; empty for one a core.",
    )
    memory_limit: OptionalText = Field(
        default=None,
        title="Memory limit",
        description="Memory a trial may use, such as 4GiB; empty for an equal share of 80 % of "
        "the machine's. Fewer trials run at the same time where it needs that.",
    )
    dask: OptionalText = Field(
        default=None,
        title="Dask scheduler",
        description="Address of a running Dask scheduler (tcp://...), instead of own workers.",
    )
    families: NameList = Field(
        default=(),
        title="Model families",
        description="Restrict the search to these; empty for all.",
        json_schema_extra={"items": {"type": "string", "enum": list(FAMILIES)}},
    )
    search: str = Field(
        default=DEFAULT_STRATEGY,
        title="Search",
        description="Who proposes configurations.",
        json_schema_extra={"enum": list(STRATEGIES)},
    )
    folds: int | None = Field(
        default=None,
        title="Folds",
        description="Folds that score a trial, 1 for one split; empty for as many as the rows "
        "deserve and the time allows.",
    )
    seed: int = Field(default=0, title="Seed", description="Root of everything random.")
    group_column: OptionalText = Field(
        default=None,
        title="Group column",
        description="Rows with the same value stay on one side of every split.",
    )
    time_column: OptionalText = Field(
        default=None,
        title="Time column",
        description="Splits go forward in it; the newest rows are the hold-out.",
    )
    weight_column: OptionalText = Field(
        default=None,
        title="Weight column",
        description="How much each row counts, in fitting and in scores; not a feature.",
    )
    exclude: NameList = Field(
        default=(), title="Exclude", description="Columns the model must not use."
    )
    start_from: NameList = Field(
        default=(),
        title="Start from",
        description="Earlier versions (NAME/VERSION): their best configurations are tried first, "
        "and rows that the first one held out stay held out.",
    )
    extends: OptionalText = Field(
        default=None,
        title="Extends",
        description="Leave empty; the flow `extend` puts here the run folder whose table and "
        "trials are taken over. The budget is then what is added.",
    )
    about: OptionalText = Field(
        default=None,
        title="About",
        description="What the table is about, in a few words: past tables about the same count as "
        "more alike.",
    )
    allow_baseline: bool = Field(
        default=False,
        title="Allow the baseline",
        description="Where every trial fails, register the best constant instead of failing.",
    )

    serving: Serving = Field(
        default="auto",
        title="Serving",
        description="Whether members are fitted once more to all rows (refit: small and quick to "
        "ask) or serve as the models of their folds (bagged: nothing is fitted at the end). Auto "
        "refits what the time allows and bags the rest.",
    )

    max_latency_ms: OptionalNumber = Field(
        default=None,
        title="Max latency",
        description="Milliseconds that the model may take for one row; members are chosen so.",
    )
    max_size_mb: OptionalNumber = Field(
        default=None,
        title="Max size",
        description="MiB that the model may have; members are chosen so.",
    )
    interpretable: bool = Field(
        default=False,
        title="Interpretable",
        description="Only models that a person can read, and one of them alone.",
    )

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str | None) -> str | None:
        if value is not None:
            memory_bytes(value)
        return value

    @field_validator("name")
    @classmethod
    def _speakable(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.fullmatch(value):
            raise UserError(
                f"model name {value!r} cannot be used; take letters, digits, spaces, '-', '_', '+' "
                "and '.', at most 100"
            )
        return value

    @field_validator("search")
    @classmethod
    def _known_search(cls, value: str) -> str:
        if value not in STRATEGIES:
            raise UserError(f"unknown search {value!r}; choose one of: {', '.join(STRATEGIES)}")
        return value

    @field_validator("start_from")
    @classmethod
    def _versions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # An alias may mean another version by the time that a killed run is continued.
        wrong = next((each for each in value if not _VERSION.fullmatch(each)), None)
        if wrong is not None:
            raise UserError(f"{wrong!r} names no version to start from; write NAME/VERSION")
        return value

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
        if self.target in self.exclude:
            raise UserError(f"column {self.target!r} is the target; it cannot be excluded")
        for option in ("group", "time", "weight"):
            column = getattr(self, f"{option}_column")
            if column == self.target:
                said = f"column {column!r} is the target"
                raise UserError(f"{said}; it cannot be the {option} column")
        if self.dask is not None and self.workers is not None:
            raise UserError(
                "give the number of workers or the address of a Dask scheduler, not both"
            )
        return self

    @property
    def shown_data(self) -> str:
        """The source as it may be shown: without a password."""
        return redact(self.data)

    @property
    def model_name(self) -> str:
        """The name to register under."""
        return self.name or default_name(self.data)

    @property
    def budget(self) -> Budget:
        """What the run may spend."""
        text = self.time_budget
        if text is None and self.trials is None:
            text = DEFAULT_TIME_BUDGET
        return Budget(seconds=None if text is None else parse_duration(text), trials=self.trials)

    @property
    def limits(self) -> ServingLimits:
        """What the model may cost where it serves."""
        return ServingLimits(max_latency_ms=self.max_latency_ms, max_size_mb=self.max_size_mb)

    @property
    def essentials(self) -> dict[str, Any]:
        """What decides which trials are run and how they are scored: the key to resume by.

        Where the work happens (workers, Dask) does not belong to it; neither does the source, of
        which the data's fingerprint tells more.
        """
        kept = {"target", "task", "metric", "time_budget", "trials", "families", "search", "seed",
                "group_column", "time_column", "exclude", "start_from"}  # fmt: skip
        given = {name: getattr(self, name) for name in ("extends", "weight_column", "folds")}
        more: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        more |= {"interpretable": True} if self.interpretable else {}
        return self.model_dump(mode="json", include=kept) | {"name": self.model_name} | more

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of `essentials`."""
        text = json.dumps(self.essentials, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
