"""Options of promoting a model version and of rolling a promotion back.

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
    """Options of `promote`: when the challenger becomes champion, and the rows that decide it."""

    name: ModelName = Field(title="Model", description="The registered model.")
    policy: PolicyMode = Field(
        default="auto",
        title="Policy",
        description="auto: promote the challenger if it passes all checks. approve: if it passes, "
        "ask a person first. never: compare and record the result, but change nothing.",
    )
    margin: float = Field(
        default=0.0,
        title="Margin",
        description="How much better the challenger must be, in units of the metric: the lower "
        "confidence bound of the difference must exceed this value. A negative value allows it to "
        "be that much worse.",
    )
    confidence: float = Field(
        default=0.95,
        gt=0.5,
        lt=1.0,
        title="Confidence",
        description="One-sided confidence level of the bounds of the difference, for all "
        "comparisons of a year together; each of them is stricter.",
    )
    metric: OptionalText = Field(
        default=None,
        title="Metric",
        description="Metric to compare; empty for the one the challenger was trained for.",
    )
    slices: NameList = Field(
        default=(),
        title="Slices",
        description="Columns, such as region, that divide the rows into slices; the challenger "
        "must not be worse on any slice.",
    )
    slice_limit: OptionalNumber = Field(
        default=None,
        ge=0.0,
        title="Slice limit",
        description="How much worse the challenger may be on a slice, in units of the metric; "
        "empty to refuse only if it is worse at the confidence level above.",
    )
    min_slice_rows: int = Field(
        default=30,
        ge=2,
        title="Rows of a slice",
        description="Minimum number of rows of a slice; smaller slices are pooled.",
    )
    min_rows: int = Field(
        default=30,
        ge=2,
        title="Rows",
        description="Minimum number of rows that neither model was trained on; with fewer, the "
        "champion stays.",
    )
    max_latency_ms: OptionalNumber = Field(
        default=None,
        gt=0.0,
        title="Latency limit",
        description="Longest time the challenger may take for one row, in milliseconds; empty for "
        "no limit.",
    )
    max_size_mb: OptionalNumber = Field(
        default=None,
        gt=0.0,
        title="Size limit",
        description="Largest size of the challenger's files, in megabytes; empty for no limit.",
    )
    data: OptionalSource = Field(
        default=None,
        title="Data",
        description="Rows with a known target to compare on, from the same kinds of source as for "
        "training; empty for the hold-outs of both trainings. Rows that either model was trained "
        "on are left out.",
    )
    query: OptionalText = Field(
        default=None, title="Query", description="The SELECT statement, if the data are a database."
    )
    actor: OptionalText = Field(
        default=None,
        title="Actor",
        description="In whose name, for the record. Nobody checks it, so it is kept as a remark.",
    )
    approval_hours: float = Field(
        default=24.0,
        gt=0.0,
        title="Hours to answer",
        description="With policy approve: how many hours to wait for an answer; without one, the "
        "champion stays.",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**32, title="Seed", description="Random seed of the bootstrap samples."
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
        """The conditions that the challenger must meet."""
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
    """Options of `rollback`, which makes the previous champion serve again."""

    name: ModelName = Field(title="Model", description="The registered model.")
    reason: OptionalText = Field(
        default=None, title="Reason", description="Reason for the rollback, kept in the record."
    )
    actor: OptionalText = Field(
        default=None,
        title="Actor",
        description="In whose name, for the record. Nobody checks it, so it is kept as a remark.",
    )
