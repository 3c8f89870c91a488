"""Options of learning from the trials in MLflow, on the command line and in the Prefect form."""

from typing import Literal

from pydantic import Field

from espalier.pipelines.requests.form import Form, NameList


class LearnRequest(Form):
    """Options of `learn`, which fits a performance predictor to the trials logged in MLflow."""

    experiments: NameList = Field(
        default=(),
        title="Experiments",
        description="MLflow experiments to read trials from; empty for all.",
    )
    promote: Literal["auto", "never"] = Field(
        default="auto",
        title="Promote",
        description="auto: the new predictor replaces the present one if it is not worse. never: "
        "the new predictor is registered, but not used.",
    )
    force: bool = Field(
        default=False,
        title="Force",
        description="Fit a new predictor even if there are no new trials.",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**32, title="Seed", description="Random seed of the predictor."
    )
