"""What a monitoring is asked to look at, checked where it comes in.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from pydantic import Field

from espalier.pipelines.requests.form import DataSource, Form, OptionalText
from espalier.pipelines.requests.retrain import Promote, RetrainRequest


class MonitorRequest(Form):
    """A monitoring: which model, on which rows, and when to train again."""

    name: str = Field(
        min_length=1, title="Model", description="The registered model; its champion is watched."
    )
    data: DataSource = Field(
        min_length=1,
        title="Data",
        description="Recent rows, as for training. Those whose label has arrived are scored; those "
        "without one count for drift only.",
    )
    query: OptionalText = Field(
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
    time_budget: OptionalText = Field(
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
