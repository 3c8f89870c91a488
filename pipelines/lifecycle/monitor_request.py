"""What a monitoring is asked to look at, checked where it comes in.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
)

from pipelines.errors import UserError
from pipelines.form_schema import as_form
from pipelines.lifecycle.retrain_request import Promote, RetrainRequest
from pipelines.redaction import redact
from pipelines.request import explain


class MonitorRequest(BaseModel):
    """A monitoring: which model, on which rows, and when to train again."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=as_form)

    name: str = Field(
        min_length=1, title="Model", description="The registered model; its champion is watched."
    )
    data: str = Field(
        min_length=1,
        title="Data",
        description="Recent rows, as for training. Those whose label has arrived are scored; those "
        "without one count for drift only.",
    )
    query: str | None = Field(
        default=None, title="Query", description="The SELECT to run where the data are a database."
    )
    max_score_drop: float = Field(
        default=0.0,
        ge=0.0,
        title="Largest drop",
        description="By how much the score may surely (95 %) be worse than on the hold-out, in the "
        "unit of the metric.",
    )
    max_drift: float = Field(
        default=0.25,
        gt=0.0,
        title="Largest drift",
        description="Largest population stability index of a column; 0.1 is a change worth a look, "
        "0.25 a large one.",
    )
    retrain: bool = Field(
        default=True,
        title="Retrain",
        description="Train a challenger when a limit is passed, on the model's own data source.",
    )
    time_budget: str | None = Field(
        default=None,
        title="Time budget",
        description="Of that training, like 10m; empty for that of the last one.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        title="Workers",
        description="Worker processes of that training; empty for those of the last one.",
    )
    promote: Promote = Field(
        default="never",
        title="Promote",
        description="Whether the challenger may replace the champion afterwards.",
    )

    @field_validator("query", "time_budget", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        # A form sends an empty field as "".
        return (value.strip() or None) if isinstance(value, str) else value

    @field_serializer("data", when_used="json")
    def _without_password(self, value: str) -> str:
        return redact(value)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "MonitorRequest":
        """Return the request of these options, or raise `UserError` with the first fault."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise UserError(explain(error)) from None

    @property
    def retraining(self) -> RetrainRequest:
        """The retraining that is triggered."""
        return RetrainRequest.parse(
            {
                "name": self.name,
                "time_budget": self.time_budget,
                "workers": self.workers,
                "promote": self.promote,
            }
        )
