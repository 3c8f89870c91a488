"""Options of predicting a batch of rows with a registered model."""

from typing import Literal

from pydantic import Field

from espalier.pipelines.redaction import redact_source
from espalier.pipelines.requests.form import DataSource, Form, OptionalText

RowPolicy = Literal["warn", "refuse", "ignore"]
ModelPolicy = Literal["refuse", "warn"]


class PredictRequest(Form):
    """Options of `predict`: the data, the model, and the file to write."""

    data: DataSource = Field(
        min_length=1,
        title="Data",
        description="A file, a pattern of files such as in/2026-*.csv, a fsspec URL, or a "
        "SQLAlchemy database URL together with a query. Any size: rows are scored in chunks.",
    )
    model: str = Field(
        min_length=1,
        title="Model",
        description="The registered model: NAME (its champion), NAME@alias or NAME/VERSION.",
    )
    out: str = Field(
        min_length=1,
        title="Output",
        description="CSV or Parquet file to write; it appears once all rows are scored.",
    )
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT statement, if the data are a database."
    )
    id_column: OptionalText = Field(
        default=None,
        title="Id column",
        description="Column that identifies the rows, copied into the output; empty to write the "
        "name of the source and the row number instead.",
    )
    image_root: OptionalText = Field(
        default=None,
        title="Image root",
        description="Folder or zip archive that paths of pictures start from; empty for the folder "
        "of the data.",
    )
    proba: bool = Field(
        default=False,
        title="Probabilities",
        description="Write the probability of each class too. For classification.",
    )
    interval: float | None = Field(
        default=None,
        title="Interval",
        gt=0,
        lt=1,
        description="Coverage, such as 0.9: write the bounds of a prediction interval that should "
        "contain this share of the true values. For regression.",
    )

    on_drift: RowPolicy = Field(
        default="warn",
        title="On drift",
        description="What to do when rows break the expectations of the training table (ranges, "
        "categories, missing cells): warn, refuse, or ignore, which skips the check. Missing "
        "columns are always refused.",
    )

    on_difference: ModelPolicy = Field(
        default="refuse",
        title="On difference",
        description="What to do when the model does not answer the rows it was saved with as it "
        "did then, as with other package versions: refuse, or warn and go on.",
    )

    @property
    def shown_data(self) -> str:
        """The data source without its password, for display."""
        return redact_source(self.data)
