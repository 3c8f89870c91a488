"""What a person asks of learning from MLflow: the command line and the Prefect form."""

from typing import Literal

from pydantic import Field

from espalier.pipelines.requests.form import Form, NameList


class LearnRequest(Form):
    """A learning from the trials that trainings left in MLflow."""

    experiments: NameList = Field(
        default=(),
        title="Experiments",
        description="MLflow experiments to read trials from; empty for all.",
    )
    promote: Literal["auto", "never"] = Field(
        default="auto",
        title="Promote",
        description="Whether the new predictor may replace the present one where it is not worse.",
    )
    force: bool = Field(
        default=False, title="Force", description="Learn anew even if there is no new trial."
    )
    seed: int = Field(default=0, ge=0, lt=2**32, title="Seed", description="Of the predictor.")
