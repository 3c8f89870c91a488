"""What a batch of predictions is asked to do, checked where it comes in."""

from typing import Literal

from pydantic import Field

from espalier.pipelines.redaction import redact
from espalier.pipelines.requests.form import DataSource, Form, OptionalText

RowPolicy = Literal["warn", "refuse", "ignore"]


class PredictRequest(Form):
    """A batch of predictions: the data, the model, and where they go."""

    data: DataSource = Field(
        min_length=1,
        title="Data",
        description="A file, a pattern of files such as in/2026-*.csv, a fsspec URL, or a "
        "SQLAlchemy database URL together with a query. Any size: rows are scored in chunks.",
    )
    model: str = Field(
        min_length=1,
        title="Model",
        description="NAME (its champion), NAME@alias or NAME/VERSION of the registry.",
    )
    out: str = Field(
        min_length=1,
        title="Output",
        description="A CSV or Parquet file to write; it appears when all rows are scored.",
    )
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT to run where the data are a database."
    )
    id_column: OptionalText = Field(
        default=None,
        title="Id column",
        description="A column of the data that tells the rows apart, copied into the output; "
        "empty for the source's name and the row's number.",
    )
    proba: bool = Field(
        default=False, title="Probabilities", description="Write class probabilities too."
    )
    interval: float | None = Field(
        default=None,
        title="Interval",
        gt=0,
        lt=1,
        description="Coverage, such as 0.9: write bounds between which so large a share of the "
        "true values should lie. For models that predict numbers.",
    )

    on_drift: RowPolicy = Field(
        default="warn",
        title="On drift",
        description="What follows when rows break the expectations that the model was trained "
        "under (ranges, categories, missing cells): warn, refuse, or ignore, which does not look. "
        "Missing columns always refuse.",
    )

    @property
    def shown_data(self) -> str:
        """The source as it may be shown: without a password."""
        return redact(self.data)
