"""What a person asks for who wants more search for a model that is there."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from espalier.pipelines.requests.form import Form, OptionalText
from espalier.pipelines.requests.train import DEFAULT_TIME_BUDGET, TrainRequest


class ExtendRequest(Form):
    """More search for a model that is there: what is added to the budget of its run."""

    model: str = Field(
        min_length=1,
        title="Model",
        description="NAME for its newest run, or NAME@alias or NAME/VERSION for another one.",
    )
    time_budget: OptionalText = Field(
        default=None,
        title="Time added",
        description="Like 90s, 10m or 1h30m. Empty: no limit when a number of trials is given, "
        f"{DEFAULT_TIME_BUDGET} otherwise.",
    )
    trials: int | None = Field(
        default=None, title="Trials added", description="Empty for no limit."
    )
    workers: int | None = Field(
        default=None,
        title="Workers",
        description="Worker processes on this machine; empty for one a core.",
    )
    dask: OptionalText = Field(
        default=None,
        title="Dask scheduler",
        description="Address of a running Dask scheduler (tcp://...), instead of own workers.",
    )

    def of(self, original: Mapping[str, Any], folder: str) -> TrainRequest:
        """Return the training that goes on from the run of ``original``.

        Parameters
        ----------
        original : mapping
            The `TrainRequest` of the run that is extended, as JSON has it.
        folder : str
            Name of its run folder.

        Raises
        ------
        UserError
            The budget or the workers cannot be.
        """
        mine = self.model_dump(include={"time_budget", "trials", "workers", "dask"})
        return TrainRequest.parse({**original, **mine, "extends": folder})
