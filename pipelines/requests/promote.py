"""What a person or a schedule asks of the registry's aliases.

Titles and descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.policy import PromotionPolicy
from espalier.pipelines.requests.form import (
    Form,
    NameList,
    OptionalNumber,
    OptionalSource,
    OptionalText,
)

PolicyMode = Literal["auto", "approve", "never"]


def _plain_name(value: str) -> str:
    if "@" in value or "/" in value or ":" in value:
        raise UserError(
            f"{value!r} names more than a model; give its name alone, the aliases tell the versions"
        )
    return value


ModelName = Annotated[str, AfterValidator(_plain_name), Field(min_length=1)]


class PromoteRequest(Form):
    """A promotion: when the challenger becomes champion, and on which rows that is decided."""

    name: ModelName = Field(title="Model", description="The registered model.")
    policy: PolicyMode = Field(
        default="auto",
        title="Policy",
        description="auto: promote when the challenger passes. approve: then ask a person. "
        "never: compare and record, change nothing.",
    )
    margin: float = Field(
        default=0.0,
        title="Margin",
        description="By how much of the metric the challenger must be better, surely: the lower "
        "bound of the difference has to lie above it. Negative: may be that much worse.",
    )
    confidence: float = Field(
        default=0.95,
        gt=0.5,
        lt=1.0,
        title="Confidence",
        description="How sure the bounds of the difference are, one-sided.",
    )
    metric: OptionalText = Field(
        default=None,
        title="Metric",
        description="What is compared; empty for the metric the challenger was trained for.",
    )
    slices: NameList = Field(
        default=(),
        title="Slices",
        description="Columns within whose values the challenger must not lose, such as region.",
    )
    slice_limit: OptionalNumber = Field(
        default=None,
        ge=0.0,
        title="Slice limit",
        description="How much of the metric a slice may lose; empty: no slice may be surely worse.",
    )
    min_slice_rows: int = Field(
        default=30,
        ge=2,
        title="Rows of a slice",
        description="Fewest rows of a slice; smaller ones are pooled.",
    )
    min_rows: int = Field(
        default=30,
        ge=2,
        title="Rows",
        description="Fewest rows that neither model was trained on; with fewer nothing changes.",
    )
    max_latency_ms: OptionalNumber = Field(
        default=None,
        gt=0.0,
        title="Latency limit",
        description="Most milliseconds the challenger may take for one row; empty for no limit.",
    )
    max_size_mb: OptionalNumber = Field(
        default=None,
        gt=0.0,
        title="Size limit",
        description="Most megabytes of the challenger's files; empty for no limit.",
    )
    data: OptionalSource = Field(
        default=None,
        title="Data",
        description="Labelled rows to compare on, as for training; empty for the hold-outs that "
        "the trainings kept. Rows that either model was trained on are left out.",
    )
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT to run where the data are a database."
    )
    actor: OptionalText = Field(
        default=None,
        title="Actor",
        description="Who decides, for the record; empty for the user the run belongs to.",
    )
    approval_hours: float = Field(
        default=24.0,
        gt=0.0,
        title="Hours to answer",
        description="Under policy approve: without an answer by then the champion stays.",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**32, title="Seed", description="Of the bootstrap samples."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "PromoteRequest":
        if self.query is not None and self.data is None:
            raise UserError("a query needs data: the database URL to run it on")
        if self.slice_limit is not None and not self.slices:
            raise UserError("a slice limit needs slices; name the columns")
        return self

    @property
    def promotion_policy(self) -> PromotionPolicy:
        """What the challenger has to fulfil."""
        return PromotionPolicy(
            mode=self.policy,
            margin=self.margin,
            confidence=self.confidence,
            slice_limit=self.slice_limit,
            max_latency_ms=self.max_latency_ms,
            max_size_mb=self.max_size_mb,
            min_rows=self.min_rows,
            min_slice_rows=self.min_slice_rows,
        )


class RollbackRequest(Form):
    """A rollback: the previous champion serves again."""

    name: ModelName = Field(title="Model", description="The registered model.")
    reason: OptionalText = Field(
        default=None, title="Reason", description="Why, for the record and for colleagues."
    )
    actor: OptionalText = Field(
        default=None,
        title="Actor",
        description="Who decides, for the record; empty for the user the run belongs to.",
    )
