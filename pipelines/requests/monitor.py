"""Options of monitoring a registered model on recent rows.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from pydantic import Field

from espalier.pipelines.requests.form import DataSource, Form, OptionalText
from espalier.pipelines.requests.retrain import Promote, RetrainRequest


class MonitorRequest(Form):
    """Options of `monitor`: which model, on which rows, and when to retrain."""

    name: str = Field(
        min_length=1,
        title="Model",
        description="The registered model; its champion is monitored.",
    )
    data: DataSource = Field(
        min_length=1,
        title="Data",
        description="Recent rows, from the same kinds of source as for training. Rows with a known "
        "target are scored; rows without one are used for drift only.",
    )
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT statement, if the data are a database."
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
