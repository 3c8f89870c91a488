"""Options of extending a finished training run: more search for an existing model."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from espalier.pipelines.requests.form import DaskScheduler, Form, OptionalText, Workers
from espalier.pipelines.requests.train import DEFAULT_TIME_BUDGET, TrainRequest


class ExtendRequest(Form):
    """Options of `extend`: the model, and what is added to the budget of its training run."""

    model: str = Field(
        min_length=1,
        title="Model",
        description="The model to search further for: NAME continues its newest training run, "
        "NAME@alias or NAME/VERSION that of another version.",
    )
    time_budget: OptionalText = Field(
        default=None,
        title="Time added",
        description="Additional search time, such as 90s, 10m or 1h30m. Empty for no limit when a "
        f"number of trials is given, {DEFAULT_TIME_BUDGET} otherwise.",
    )
    trials: int | None = Field(
        default=None,
        title="Trials added",
        description="Additional number of trials; empty for no limit.",
    )
    workers: Workers = None
    dask: DaskScheduler = None

    def of(self, original: Mapping[str, Any], folder: str) -> TrainRequest:
        """Return the request of the training run that continues the one of ``original``.

        Parameters
        ----------
        original : mapping
            The `TrainRequest` of the run to extend, in its JSON form.
        folder : str
            Name of the run folder of that run.

        Raises
        ------
        UserError
            The budget is invalid, or workers and a scheduler are both given.
        """
        mine = self.model_dump(include={"time_budget", "trials", "workers", "dask"})
        return TrainRequest.parse({**original, **mine, "extends": folder})
