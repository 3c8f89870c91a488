"""Options of training a registered model again.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.retraining.gate import OnDrift
from espalier.pipelines.members.serving_limits import ServingLimits
from espalier.pipelines.requests.duration import parse_duration
from espalier.pipelines.requests.form import (
    Form,
    Objectives,
    OptionalNumber,
    OptionalSource,
    OptionalText,
    Prefer,
    check_preference,
)
from espalier.pipelines.requests.train import TrainRequest

Promote = Literal["auto", "approve", "never"]

REDACTED = "***"


class RetrainRequest(Form):
    """Options of `retrain`: which model, on which data, and what stops the training."""

    name: str = Field(
        min_length=1,
        title="Model",
        description="The registered model to train again; the new table is checked against the one "
        "of its champion.",
    )
    data: OptionalSource = Field(
        default=None,
        title="Data",
        description="Where to read the table from; empty for the source of the last training. A "
        "source with a password is not stored: give it here or in the environment.",
    )
    query: OptionalText = Field(
        default=None,
        title="Query",
        description="The SELECT statement, if the data are a database; empty for that of the last "
        "training.",
    )
    time_budget: OptionalText = Field(
        default=None,
        title="Time budget",
        description="Time limit of the training, such as 90s, 10m or 1h30m; empty for that of the "
        "last training.",
    )
    trials: int | None = Field(
        default=None,
        ge=1,
        title="Trials",
        description="Number of trials; empty for that of the last training.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        title="Workers",
        description="Number of worker processes on this machine; empty for that of the last "
        "training.",
    )
    on_drift: OnDrift = Field(
        default="warn",
        title="On drift",
        description="What to do when distributions of columns have moved: warn and train, or "
        "refuse. A changed schema (columns, their types) is always refused.",
    )
    force: bool = Field(
        default=False,
        title="Force",
        description="Train even if the data have not changed since the last training.",
    )
    promote: Promote = Field(
        default="never",
        title="Promote",
        description="Whether the challenger may replace the champion after the training: auto (if "
        "it proves better), approve (if it does and a person approves), or never.",
    )

    max_latency_ms: OptionalNumber = Field(
        default=None,
        title="Max latency",
        description="Longest time for one row, in milliseconds; empty for that of the last "
        "training.",
    )
    max_size_mb: OptionalNumber = Field(
        default=None,
        title="Max size",
        description="Largest size of the model, in MiB; empty for that of the last training.",
    )
    max_operations: OptionalNumber = Field(
        default=None,
        title="Max operations",
        description="Most operations for one row; empty for that of the last training.",
    )
    objectives: Objectives = ()
    prefer: Prefer = None

    update: bool = Field(
        default=False,
        title="Update",
        description="Do not search: only the members of the newest version are evaluated and "
        "fitted again, on the newest data.",
    )

    @field_validator("time_budget")
    @classmethod
    def _a_duration(cls, value: str | None) -> str | None:
        if value is not None:
            parse_duration(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "RetrainRequest":
        check_preference(self.objectives, self.prefer)
        _ = ServingLimits(
            max_latency_ms=self.max_latency_ms,
            max_size_mb=self.max_size_mb,
            max_operations=self.max_operations,
        )
        if self.update and self.trials is not None:
            raise UserError("an update has no trials of its own; leave --trials or --update out")
        return self

    def applied_to(
        self,
        last: Mapping[str, Any],
        *,
        source: str | None,
        start_from: tuple[str, ...],
        n_members: int = 0,
    ) -> TrainRequest:
        """Return the training request: the last one, with the options given here in their place.

        Parameters
        ----------
        last : mapping
            The recorded request of the last training.
        source : str or None
            Data source set in the environment; used if the request names none.
        start_from : tuple of str
            Versions (NAME/VERSION) whose best configurations are tried first.
        n_members : int
            Number of members of the newest of them; an update evaluates these alone.

        Raises
        ------
        UserError
            The recorded source had a password, which is not stored, and no other source is given.
        """
        data = self.data or source or str(last["data"])
        if REDACTED in data:
            raise UserError(
                f"the last training of {self.name!r} read {data}, and passwords are not kept; "
                f"give the source with --data or in the environment as "
                f"{source_variable(self.name)}; one whose password is named, as in ${{PASSWORD}}, "
                "is remembered"
            )
        # A new limit replaces both old ones: otherwise the old one could still end the search.
        limits = {"time_budget": self.time_budget, "trials": self.trials}
        asked = {} if self.time_budget is None and self.trials is None else limits
        if self.update:
            asked = {"time_budget": self.time_budget, "trials": max(n_members, 1)}
        places = {} if self.workers is None else {"workers": self.workers, "dask": None}
        # The recorded query applies only if the data still come from the same kind of database.
        same_kind = data.split("://", 1)[0] == str(last["data"]).split("://", 1)[0]
        query = self.query or (last.get("query") if "://" in data and same_kind else None)
        known = {key: value for key, value in last.items() if key in TrainRequest.model_fields}
        return TrainRequest.parse(
            {
                **known,
                **asked,
                **places,
                **self._light,
                "data": data,
                "extends": None,  # the data are read again, also if the last run was an extension
                "query": query,
                "name": self.name,
                "start_from": start_from,
                "updates": self.update,
            }
        )

    @property
    def _light(self) -> dict[str, Any]:
        """Limits and objectives that are given here, and replace those of the last training."""
        names = ("max_latency_ms", "max_size_mb", "max_operations", "objectives", "prefer")
        given = {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value not in (None, ())}


def source_variable(name: str) -> str:
    """Return the name of the environment variable that may hold the data source of a model."""
    letters = "".join(each if each.isascii() and each.isalnum() else "_" for each in name)
    return f"ESPALIER_DATA_{letters.upper()}"
