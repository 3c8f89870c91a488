"""The settings that name MLflow's stores: part of `espalier.infra.settings.Settings`."""

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from espalier.pipelines.errors import UserError

MODEL_PLACE = "{model}"
"""What stands for the model in the name of an experiment."""

_DATABRICKS = ("databricks", "databricks-uc", "uc")


class StoreSettings(BaseSettings):
    """Where runs are tracked and models registered, and who is told of moved aliases."""

    tracking_uri: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ESPALIER_TRACKING_URI", "MLFLOW_TRACKING_URI"),
        description="MLflow's tracking store: a server (`http://...`) or a database "
        "(`postgresql+psycopg2://...`). Empty: `mlflow.db` (sqlite) in the home folder. Artifacts "
        "of a new experiment go where the server says, with a database to `artifacts` in the home "
        "folder. `MLFLOW_TRACKING_URI` is read too.",
    )
    registry_uri: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ESPALIER_REGISTRY_URI", "MLFLOW_REGISTRY_URI"),
        description="MLflow's model registry. Empty: the tracking store. `MLFLOW_REGISTRY_URI` is "
        "read too.",
    )
    experiment: str = Field(
        default="espalier",
        min_length=1,
        description="The MLflow experiment for runs. `{model}` in it stands for the model's name: "
        "with `espalier/{model}` each model has an experiment of its own, with permissions of its "
        "own. What concerns all models is in experiments named without it.",
    )
    runs_url: str | None = Field(
        default=None,
        description="Folder in which machines without a common disk share the records of trainings "
        "(trials, predictions out of fold, notes; no rows): any address that fsspec knows, such as "
        "`s3://bucket/espalier/runs`. A training that was killed is continued on any of them. "
        "Empty: run folders are in the home folder only.",
    )
    locks_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL database (`postgresql+psycopg2://...`) in which such machines lock "
        "trainings and models. Empty: the tracking store if it is one, else objects in `runs_url`.",
    )

    webhook: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Address that MLflow's server posts to whenever an alias of a model is set or "
        "deleted, by whomever: `espalier serve` makes it a webhook of the server. The server asks "
        "for `https` and a public address unless it is told otherwise. Empty: none.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secret with which MLflow signs what it posts to `webhook`.",
    )

    @field_validator("locks_url")
    @classmethod
    def _a_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith("postgresql"):
            raise UserError("locks are kept in PostgreSQL: postgresql+psycopg2://user@host/name")
        return value

    @field_validator("tracking_uri", "registry_uri")
    @classmethod
    def _no_databricks(cls, value: str | None) -> str | None:
        if value is not None and value.split(":")[0].lower() in _DATABRICKS:
            raise UserError(
                f"{value.split('/')[0]!r} names Databricks, whose registry takes neither our names "
                "nor our locks; set an MLflow server (http://host:5000) or a database"
            )
        return value

    @property
    def shared_locks_url(self) -> str | None:
        """Database of the locks that machines share; None for objects in `runs_url`."""
        url = self.locks_url.get_secret_value() if self.locks_url else self.tracking_uri
        return url if url is not None and url.startswith("postgresql") else None

    def experiment_of(self, model: str | None) -> str:
        """Return the name of the experiment for runs of a model; of all models for None."""
        if MODEL_PLACE not in self.experiment:
            return self.experiment
        if model is not None:
            return self.experiment.replace(MODEL_PLACE, model)
        rest = self.experiment.replace(MODEL_PLACE, "")
        return " ".join(rest.split()).strip("/-_. ") or "espalier"
