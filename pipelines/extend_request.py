"""What a person asks for who wants more search for a model that is there."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipelines.errors import UserError
from pipelines.request import DEFAULT_TIME_BUDGET, TrainRequest, explain


class ExtendRequest(BaseModel):
    """More search for a model that is there: what is added to the budget of its run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        min_length=1,
        title="Model",
        description="NAME for its newest run, or NAME@alias or NAME/VERSION for another one.",
    )
    time_budget: str | None = Field(
        default=None,
        title="Time added",
        description="Like 90s, 10m or 1h30m. Empty: no limit when a number of trials is given, "
        f"{DEFAULT_TIME_BUDGET} otherwise.",
    )
    trials: int | None = Field(
        default=None, title="Trials added", description="Empty for no limit."
    )
    workers: int | None = Field(
        default=None,
        title="Workers",
        description="Worker processes on this machine; empty for one a core.",
    )
    dask: str | None = Field(
        default=None,
        title="Dask scheduler",
        description="Address of a running Dask scheduler (tcp://...), instead of own workers.",
    )

    @field_validator("time_budget", "dask", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return (value.strip() or None) if isinstance(value, str) else value

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "ExtendRequest":
        """Return the request of these options, or raise `UserError` with the first fault."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise UserError(explain(error)) from None

    def of(self, original: Mapping[str, Any], folder: str) -> TrainRequest:
        """Return the training that goes on from the run of ``original``.

        Parameters
        ----------
        original : mapping
            The `TrainRequest` of the run that is extended, as JSON has it.
        folder : str
            Name of its run folder.

        Raises
        ------
        UserError
            The budget or the workers cannot be.
        """
        mine = self.model_dump(include={"time_budget", "trials", "workers", "dask"})
        return TrainRequest.parse({**original, **mine, "extends": folder})
