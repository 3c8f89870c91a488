"""Ask supernets for the first trials of a differentiable search."""

from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.differentiable import SupernetFindings, ask_supernets
from espalier.pipelines.search.limits.reserve import search_deadline
from espalier.pipelines.search.plan import SearchPlan
from espalier.tasks.policies import kept_task
from espalier.tasks.records import PreparedRef, TrainingRun


@kept_task(
    name="supernets",
    description="Train networks that hold many, and take the best of each as the first trials.",
    tags=["espalier", "search"],
)
def search_supernets(
    run: TrainingRun,  # noqa: ARG001 - names the folder where the result is kept
    prepared: PreparedRef,
    plan: SearchPlan,
    executor: Executor,
    deadline: Deadline,
) -> SupernetFindings:
    """Return what supernets propose; kept, so that a run that is continued tries the same."""
    end = search_deadline(plan.budget, plan.space.shape, deadline)
    return ask_supernets(plan, executor, prepared.data.folds, end)
