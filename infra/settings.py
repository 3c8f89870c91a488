"""The settings of an installation, read from Espalier's environment variables.

Every field can be set by a variable named ``ESPALIER_<FIELD>``, such as ``ESPALIER_HOME``. Without
it, the usual variables of MLflow and Prefect apply; each field says which.

Settings are read when `Settings` is called, never at import, and nothing is created on disk.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from espalier.infra.endpoint_settings import EndpointSettings
from espalier.infra.form_settings import FormSettings
from espalier.infra.sqlite_urls import sqlite_url
from espalier.infra.store_settings import StoreSettings
from espalier.pipelines.errors import UserError
from espalier.pipelines.resources.cores import usable_cores as usable_cores
from espalier.pipelines.resources.memory import memory_bytes

_MLFLOW_DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mssql")
DEFAULT_KEPT_RUNS = 5
DEFAULT_KEPT_LOG_DAYS = 30.0
NO_EXPERIENCE = Path("none")
"""Value of the setting `experience` that switches experience off."""

OWN_DATABASE = "mlflow.db"
"""Name of MLflow's database in the home folder."""


class Settings(StoreSettings, FormSettings, EndpointSettings):
    """The settings of an installation: where data are stored and where work runs.

    Raises
    ------
    UserError
        A variable has an invalid value (raised by `load_settings`).
    """

    model_config = SettingsConfigDict(
        env_prefix="ESPALIER_", frozen=True, extra="ignore", populate_by_name=True
    )

    home: Path = Field(
        default=Path("mlruns"),
        validate_default=True,
        description="Folder for everything that is written: `mlruns` in the working folder unless "
        "it is set.",
    )
    prefect_api_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ESPALIER_PREFECT_API_URL", "PREFECT_API_URL"),
        description="The API of a running Prefect server. Empty: each command starts a local "
        "server, with its database in `prefect` in the home folder. `PREFECT_API_URL` and the "
        "active Prefect profile are read too.",
    )
    prefect_database: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "ESPALIER_PREFECT_DATABASE",
            "PREFECT_SERVER_DATABASE_CONNECTION_URL",
            "PREFECT_API_DATABASE_CONNECTION_URL",
        ),
        description="Database of the local Prefect server (`postgresql+asyncpg://...`). Empty: "
        "`prefect.db` (sqlite) in `prefect` in the home folder. "
        "`PREFECT_SERVER_DATABASE_CONNECTION_URL` and `PREFECT_API_DATABASE_CONNECTION_URL` are "
        "read too.",
    )
    prefect_start_seconds: float = Field(
        default=120.0, gt=0, description="Seconds the local Prefect server may take to start."
    )
    dask_address: str | None = Field(
        default=None,
        description="A running Dask scheduler (`tcp://...`), as `--dask`. Empty: local workers.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        description="Local worker processes, as `--workers`. Empty: one a core. Runs at the same "
        "time on one machine, with the same home folder, have fewer: they share its cores.",
    )
    memory_limit: str | None = Field(
        default=None,
        description="Memory that a trial may use in its local worker, such as `4GiB`; a trial that "
        "exceeds it ends as `memout`. Empty: an equal share of 80 % of the machine's memory. Fewer "
        "trials run at the same time where the limit requires it.",
    )
    dask_start_seconds: float = Field(
        default=120.0, gt=0, description="Seconds that local workers may take to start."
    )
    dask_wait_seconds: float = Field(
        default=1800.0,
        gt=0,
        description="Seconds that a run waits while a Dask scheduler by address has no worker, "
        "with a line a minute: an adaptive cluster may need minutes to start a machine. A run with "
        "a time budget waits no longer than that.",
    )
    keep_runs: int = Field(
        default=DEFAULT_KEPT_RUNS,
        ge=0,
        description="Finished runs of each model whose folder (table, trials, out-of-fold "
        "predictions) is kept when a training ends, in addition to those behind a version with an "
        "alias; 0 keeps all. `espalier clean` does the same by hand.",
    )
    keep_versions: int = Field(
        default=0,
        ge=0,
        description="Newest versions of each model that are kept in MLflow when a training ends, "
        "with their runs, trials and rows, in addition to those with an alias, that served, or "
        "that these were compared with; 0 keeps all. `espalier clean` does the same by hand.",
    )
    keep_champions: int = Field(
        default=0,
        ge=0,
        description="Earlier champions of each model that `keep_versions` leaves; 0 keeps all.",
    )
    keep_days: float = Field(
        default=0.0,
        ge=0,
        description="Days that MLflow runs without a version are kept (failed trainings, "
        "retrainings and monitoring); 0 keeps all. The decision log is always kept.",
    )
    keep_logs: float = Field(
        default=DEFAULT_KEPT_LOG_DAYS,
        ge=0,
        description="Days that the logs of commands, in `logs` in the home folder, are kept after "
        "their last line; 0 keeps all. Logs of servers are cut at 20 MB, with three copies.",
    )
    experience: Path | None = Field(
        default=None,
        description="Folder written by `espalier experience fit`: trainings first try what did "
        "well on similar datasets, and record what was expected of it. Empty: the champion of "
        "`espalier learn`, else the experience that ships with Espalier. `none`: no experience.",
    )
    ui_start_seconds: float = Field(
        default=120.0, gt=0, description="Seconds a server of `espalier ui` may take to start."
    )
    keep_holdout_rows: int = Field(
        default=20_000,
        ge=0,
        description="Raw hold-out rows, target included, that a training keeps in MLflow to "
        "compare versions on later; 0 keeps none.",
    )
    keep_reference_rows: int = Field(
        default=5_000,
        ge=0,
        description="Raw rows, target included, that a training keeps in MLflow to measure drift "
        "against; 0 keeps histograms of the columns only.",
    )

    serve_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$",
        description="Owner of what `espalier serve` publishes, as `--name`; its deployments have "
        "it as a tag, and nobody else's are changed or run. Give one where the home folder does "
        "not outlive the container, and to each of several that share a home folder. Empty: the "
        "home folder's own.",
    )

    user_header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="HTTP header, such as `X-Forwarded-User`, in which the authenticating proxy "
        "before the Prefect server names the user: decisions made on Prefect's pages are recorded "
        "for that user. For the Prefect server and for `espalier serve`; nobody may reach the "
        "server but through the proxy. Empty: nobody is known there.",
    )

    keep_rows_days: int = Field(
        default=90,
        ge=0,
        description="Days after which the raw rows of a version without an alias are removed from "
        "MLflow, and the run folders of its training, which hold the table; 0 keeps them. The rows "
        "of versions with an alias, such as champions, stay as long as they have it.",
    )

    notify: str | None = Field(
        default=None,
        description="Who is told when a run fails, a person is asked, a champion changes or "
        "drifts: an address (`https://...`) that JSON is posted "
        "to (chats show its `text`), another address that Apprise knows (`slack://...`, "
        "`mailto://...`), a Prefect notification block (`block:slack-webhook/alerts`), or a "
        "command that gets the JSON on its standard input. Empty: nobody.",
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
        # MLflow and Prefect store paths; relative ones would depend on the reader's working folder.
        return Path(os.path.abspath(value.expanduser()))

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str | None) -> str | None:
        if value is not None:
            memory_bytes(value)
        return value

    @property
    def mlflow_uri(self) -> str:
        """URI of the tracking store; sqlite in the home folder unless set."""
        return self.tracking_uri or sqlite_url(self.home / OWN_DATABASE)

    @property
    def mlflow_registry_uri(self) -> str:
        """URI of the model registry."""
        return self.registry_uri or self.mlflow_uri

    @property
    def artifact_location(self) -> str | None:
        """Where a new experiment stores its artifacts; None if a server decides that.

        With a database, MLflow by default stores them in the folder in which it is started.
        """
        is_database = self.mlflow_uri.split("://")[0].split("+")[0] in _MLFLOW_DATABASES
        return (self.home / "artifacts").as_uri() if is_database else None

    @property
    def runs_folder(self) -> Path:
        """Folder with one run folder per run."""
        return self.home / "runs"

    @property
    def experience_folder(self) -> Path:
        """Folder of one's own experience records, and of predictors fetched from MLflow."""
        return self.home / "experience"

    @property
    def prefect_folder(self) -> Path:
        """Folder of the own Prefect server: database, log and state file."""
        return self.home / "prefect"

    @property
    def servers_folder(self) -> Path:
        """Folder of the logs of the servers that `espalier ui` starts."""
        return self.home / "servers"

    @property
    def form_out_roots(self) -> tuple[Path, ...]:
        """Folders that forms may write predictions to, at least one."""
        return tuple(map(Path, self.out_roots)) or (self.home / "predictions",)

    @property
    def logs_folder(self) -> Path:
        """Folder with one log per command."""
        return self.home / "logs"

    @property
    def worker_count(self) -> int:
        """Number of own worker processes: `workers`, or one per core this process may use."""
        return self.workers or usable_cores()


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    UserError
        A variable has an invalid value; the message names it.
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
