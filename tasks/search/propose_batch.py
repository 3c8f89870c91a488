"""Propose the next batch of trials from the history."""

from collections.abc import Sequence

from prefect import task

from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.next_trials import next_trials
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial
from espalier.tasks.policies import ALWAYS_RUN


@task(
    name="propose",
    description="Propose the next batch of trials from the history of the run.",
    tags=["espalier", "search"],
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def propose_batch(
    plan: SearchPlan,
    history: History,
    deadline: Deadline,
    pending: Sequence[Trial],
    ahead: int = 0,
) -> list[Trial]:
    """Return the trials to start now; none if the search is over or must wait.

    With ``ahead``, return the trials to start once that many pending ones have ended. The result
    depends on the arguments alone, so the task has no retries.
    """
    return next_trials(plan, history, deadline, pending, ahead=ahead)
