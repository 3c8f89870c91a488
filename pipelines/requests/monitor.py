"""Options of monitoring a registered model on recent rows.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from typing import Self

from pydantic import Field, model_validator

from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.duration import parse_duration
from espalier.pipelines.requests.form import Form, OptionalSource, OptionalText
from espalier.pipelines.requests.retrain import Promote, RetrainRequest


class MonitorRequest(Form):
    """Options of `monitor`: which model, on which rows, and when to retrain."""

    name: str = Field(
        min_length=1,
        title="Model",
        description="The registered model; its champion is monitored.",
    )
    data: OptionalSource = Field(
        default=None,
        title="Data",
        description="Recent rows, from the same kinds of source as for training. Rows with a known "
        "target are scored; rows without one are used for drift only. Empty only with the request "
        "log.",
    )
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT statement, if the data are a database."
    )
    requests: bool = Field(
        default=False,
        title="Request log",
        description="Take what the model's endpoint was asked instead of a table.",
    )
    labels: OptionalSource = Field(
        default=None,
        title="Labels",
        description="With the request log: a table of the labels that have arrived, with the "
        "columns request and row, or with the id column that is logged.",
    )
    since: OptionalText = Field(
        default=None,
        title="Since",
        description="With the request log: how far back it is read, such as 12h or 7d; empty for "
        "all of it.",
    )
    max_score_drop: float = Field(
        default=0.0,
        ge=0.0,
        title="Largest drop",
        description="How much worse than on the hold-out the score may be, in units of the metric. "
        "The limit is passed when the drop exceeds it with 95 % confidence.",
    )
    max_drift: float = Field(
        default=0.25,
        gt=0.0,
        title="Largest drift",
        description="Largest population stability index (PSI) that a column may have; 0.1 is a "
        "moderate change, 0.25 a large one.",
    )
    retrain: bool = Field(
        default=True,
        title="Retrain",
        description="Train a challenger when a limit is passed, on the data source of the model's "
        "last training.",
    )
    time_budget: OptionalText = Field(
        default=None,
        title="Time budget",
        description="Time budget of the retraining, such as 10m; empty for that of the last "
        "training.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        title="Workers",
        description="Number of worker processes of the retraining; empty for that of the last "
        "training.",
    )
    promote: Promote = Field(
        default="never",
        title="Promote",
        description="Whether the challenger may replace the champion after the retraining: auto "
        "(if it proves better), approve (if it does and a person approves), or never.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.requests == (self.data is not None):
            raise UserError(
                "give recent rows: a table (--data), or the request log of the model's endpoint "
                "(--requests), not both"
            )
        if not self.requests and (self.labels is not None or self.since is not None):
            raise UserError("--labels and --since belong to the request log: give --requests")
        if self.requests and self.query is not None:
            raise UserError("a query belongs to a database: leave it out with --requests")
        if self.since is not None:
            try:
                parse_duration(self.since)
            except UserError:
                raise UserError(
                    f"--since {self.since!r} is not a duration; write it like 12h or 7d"
                ) from None
        return self

    @property
    def retraining(self) -> RetrainRequest:
        """Request of the retraining that starts when a limit is passed."""
        return RetrainRequest.parse(
            {
                "name": self.name,
                "time_budget": self.time_budget,
                "workers": self.workers,
                "promote": self.promote,
            }
        )
