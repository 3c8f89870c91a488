"""What a retraining is asked to do, checked where it comes in.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.retraining.gate import OnDrift
from espalier.pipelines.requests.form import Form, OptionalSource, OptionalText
from espalier.pipelines.requests.train import TrainRequest, parse_duration

Promote = Literal["auto", "approve", "never"]

REDACTED = "***"


class RetrainRequest(Form):
    """A retraining: which model, on which data, and what may stop it."""

    name: str = Field(
        min_length=1,
        title="Model",
        description="The registered model to train again; its champion says what to expect.",
    )
    data: OptionalSource = Field(
        default=None,
        title="Data",
        description="Where to read the table from; empty for where the last training read it. A "
        "source with a password is not remembered: give it here or in the environment.",
    )
    query: OptionalText = Field(
        default=None,
        title="Query",
        description="The SELECT to run where the data are a database; empty for the last one.",
    )
    time_budget: OptionalText = Field(
        default=None,
        title="Time budget",
        description="Like 90s, 10m or 1h30m; empty for that of the last training.",
    )
    trials: int | None = Field(
        default=None,
        ge=1,
        title="Trials",
        description="Number of trials; empty for that of the last training.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        title="Workers",
        description="Worker processes on this machine; empty for one a core.",
    )
    on_drift: OnDrift = Field(
        default="warn",
        title="On drift",
        description="What follows when distributions have moved: train and warn, or refuse. A "
        "changed schema (columns, their types) always refuses.",
    )
    force: bool = Field(
        default=False,
        title="Force",
        description="Train even if the data are those of the last training.",
    )
    promote: Promote = Field(
        default="never",
        title="Promote",
        description="Whether the challenger may replace the champion afterwards: if it proves "
        "better, if it does and a person approves, or never.",
    )

    @field_validator("time_budget")
    @classmethod
    def _a_duration(cls, value: str | None) -> str | None:
        if value is not None:
            parse_duration(value)
        return value

    def applied_to(
        self, last: Mapping[str, Any], *, source: str | None, start_from: tuple[str, ...]
    ) -> TrainRequest:
        """Return the training that this asks for.

        Parameters
        ----------
        last : mapping
            The recorded request of the last training.
        source : str or None
            What the environment says about where the data are.
        start_from : tuple of str
            Versions whose winners come first.

        Raises
        ------
        UserError
            The recorded source has a password, which is not kept, and no other is given.
        """
        data = self.data or source or str(last["data"])
        if REDACTED in data:
            raise UserError(
                f"the last training of {self.name!r} read {data}, and passwords are not kept; "
                f"give the source with --data or in the environment as "
                f"{source_variable(self.name)}; one whose password is named, as in ${{PASSWORD}}, "
                "is remembered"
            )
        # The limits given replace both of the last training: one of them may be what was too much.
        limits = {"time_budget": self.time_budget, "trials": self.trials}
        asked = {} if self.time_budget is None and self.trials is None else limits
        places = {} if self.workers is None else {"workers": self.workers, "dask": None}
        # A query belongs to its database, and not to a file that is given instead.
        same_kind = data.split("://", 1)[0] == str(last["data"]).split("://", 1)[0]
        query = self.query or (last.get("query") if "://" in data and same_kind else None)
        known = {key: value for key, value in last.items() if key in TrainRequest.model_fields}
        return TrainRequest.parse(
            {
                **known,
                **asked,
                **places,
                "data": data,
                "extends": None,  # data are read anew, whatever the last training took over
                "query": query,
                "name": self.name,
                "start_from": start_from,
            }
        )


def source_variable(name: str) -> str:
    """Return the environment variable that may hold the data source of a model."""
    letters = "".join(each if each.isascii() and each.isalnum() else "_" for each in name)
    return f"ESPALIER_DATA_{letters.upper()}"
