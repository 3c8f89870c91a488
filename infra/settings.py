"""Where things are kept and run: the one place that reads Espalier's environment variables.

Every field can be set by a variable named ``ESPALIER_<FIELD>``, such as ``ESPALIER_HOME``. The
variables that MLflow, Prefect and Dask users already have are honoured where no ``ESPALIER_``
one is set; each field says which.

Settings are read when `Settings` is called, never at import, and nothing is created on disk.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from espalier.pipelines.errors import UserError
from espalier.pipelines.resources.memory import memory_bytes

_MLFLOW_DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mssql")
DEFAULT_KEPT_RUNS = 5
NO_EXPERIENCE = Path("none")
"""What `experience` is where none is wanted."""

OWN_DATABASE = "mlflow.db"
"""MLflow's, in the home folder."""


class Settings(BaseSettings):
    """Where things are kept and run.

    Raises
    ------
    UserError
        From `load_settings`: a variable holds something that cannot be used.
    """

    model_config = SettingsConfigDict(
        env_prefix="ESPALIER_", frozen=True, extra="ignore", populate_by_name=True
    )

    home: Path = Field(
        default=Path("mlruns"),
        validate_default=True,
        description="Folder of everything written by default; `./mlruns` of the working folder.",
    )
    tracking_uri: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ESPALIER_TRACKING_URI", "MLFLOW_TRACKING_URI"),
        description="MLflow's tracking store; `mlflow.db` (sqlite) in the home folder. "
        "`MLFLOW_TRACKING_URI` counts too.",
    )
    registry_uri: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ESPALIER_REGISTRY_URI", "MLFLOW_REGISTRY_URI"),
        description="MLflow's model registry; the tracking store. `MLFLOW_REGISTRY_URI` counts "
        "too.",
    )
    experiment: str = Field(
        default="espalier", min_length=1, description="MLflow experiment the runs go to."
    )
    prefect_api_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ESPALIER_PREFECT_API_URL", "PREFECT_API_URL"),
        description="A running Prefect API; an own local server is started when empty. "
        "`PREFECT_API_URL` and the active Prefect profile count too.",
    )
    prefect_database: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "ESPALIER_PREFECT_DATABASE",
            "PREFECT_SERVER_DATABASE_CONNECTION_URL",
            "PREFECT_API_DATABASE_CONNECTION_URL",
        ),
        description="Database of an own Prefect server (postgresql+asyncpg://...); `prefect.db` "
        "(sqlite) in the home folder. `PREFECT_SERVER_DATABASE_CONNECTION_URL` and "
        "`PREFECT_API_DATABASE_CONNECTION_URL` count too.",
    )
    prefect_start_seconds: float = Field(
        default=120.0, gt=0, description="Seconds an own Prefect server may take to answer."
    )
    dask_address: str | None = Field(
        default=None, description="A running Dask scheduler (tcp://...); own workers when empty."
    )
    workers: int | None = Field(
        default=None, ge=1, description="Own worker processes; one a core when empty."
    )
    memory_limit: str | None = Field(
        default=None,
        description="Memory a trial, in its worker, may use, such as 4GiB; an equal share of 80 % "
        "of the machine's when empty. Fewer trials run at the same time where it needs that.",
    )
    dask_start_seconds: float = Field(
        default=120.0, gt=0, description="Seconds the workers may take to be there."
    )
    keep_runs: int = Field(
        default=DEFAULT_KEPT_RUNS,
        ge=0,
        description="Finished runs whose folder (table, trials, out-of-fold predictions) is kept "
        "for each model when a training ends, beside those behind a version with an alias; 0 "
        "keeps all. `espalier clean` does the same by hand.",
    )
    experience: Path | None = Field(
        default=None,
        description="Folder that `espalier experience fit` made: trainings try first what did well "
        "on similar datasets. Empty: what `espalier learn` made champion, else what Espalier "
        "ships. `none`: no experience.",
    )
    ui_start_seconds: float = Field(
        default=120.0, gt=0, description="Seconds a server of `espalier ui` may take to answer."
    )

    keep_holdout_rows: int = Field(
        default=20_000,
        ge=0,
        description="Raw hold-out rows, target included, that a training keeps in MLflow for "
        "later comparisons; 0 keeps none.",
    )
    keep_reference_rows: int = Field(
        default=5_000,
        ge=0,
        description="Raw rows, target included, that a training keeps in MLflow to measure drift "
        "against; 0 keeps histograms of the columns only.",
    )

    notify: str | None = Field(
        default=None,
        description="Who is told when a run fails: an address (https://...) that JSON is posted "
        "to, another address that Apprise knows (slack://..., mailto://...), a Prefect "
        "notification block (block:slack-webhook/alerts), or a command that gets the JSON on its "
        "standard input.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_default(cls, value: Any, info: Any) -> Any:
        # `ESPALIER_WORKERS=` in a compose file means "not set".
        if isinstance(value, str) and not value.strip():
            return cls.model_fields[info.field_name].default
        return value

    @field_validator("home", "experience")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        if value is None or value == NO_EXPERIENCE:
            return value
        # MLflow and Prefect record paths; relative ones would depend on who reads them.
        return Path(os.path.abspath(value.expanduser()))

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str | None) -> str | None:
        if value is not None:
            memory_bytes(value)
        return value

    @property
    def mlflow_uri(self) -> str:
        """The tracking store's URI; sqlite in the home folder unless one is set."""
        return self.tracking_uri or f"sqlite:///{self.home / OWN_DATABASE}"

    @property
    def mlflow_registry_uri(self) -> str:
        """The model registry's URI."""
        return self.registry_uri or self.mlflow_uri

    @property
    def artifact_location(self) -> str | None:
        """Where a new experiment keeps its artifacts; None where a server decides that.

        MLflow itself would keep those of a database in the folder it happens to be started in.
        """
        is_database = self.mlflow_uri.split("://")[0].split("+")[0] in _MLFLOW_DATABASES
        return (self.home / "artifacts").as_uri() if is_database else None

    @property
    def runs_folder(self) -> Path:
        """One folder a run: trial log, out-of-fold predictions, log file."""
        return self.home / "runs"

    @property
    def experience_folder(self) -> Path:
        """The organisation's own records, and versions of the predictor fetched from MLflow."""
        return self.home / "experience"

    @property
    def prefect_folder(self) -> Path:
        """The own Prefect server's database, log and state file."""
        return self.home / "prefect"

    @property
    def servers_folder(self) -> Path:
        """Logs of the servers that `espalier ui` starts."""
        return self.home / "servers"

    @property
    def worker_count(self) -> int:
        """Own worker processes: `workers`, or one a core this process may use."""
        return self.workers or usable_cores()


def load_settings() -> Settings:
    """Return the settings of the environment.

    Raises
    ------
    UserError
        A variable holds something that cannot be used; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        name = name if name.isupper() else f"ESPALIER_{name.upper()}"
        cause = first.get("ctx", {}).get("error")
        reason = str(cause) if isinstance(cause, UserError) else first["msg"].lower()
        raise UserError(f"environment variable {name} cannot be used: {reason}") from None


def usable_cores() -> int:
    """Return the number of cores this process may use (affinity and containers respected)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _container_cores()
    return max(1, min(cores or 1, quota or cores or 1))


def _container_cores() -> int | None:
    """Return the cores a container's CPU quota allows, rounded up; None without one."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else max(1, -(-int(limit) // int(period)))
    except (OSError, ValueError):
        return None
