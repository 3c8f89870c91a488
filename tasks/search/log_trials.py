"""Finished trials to MLflow, and the search's progress to Prefect; beside the search, not in it."""

from collections.abc import Sequence
from uuid import UUID

from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.artifacts import move_progress
from espalier.tasks.policies import retried_task


@retried_task(
    name="log trials",
    description="Log a batch of finished trials to MLflow as nested runs.",
    tags=["espalier", "tracking"],
)
def log_trials(
    tracking: Tracking,
    run_id: str,
    results: Sequence[TrialResult],
    *,
    progress: UUID | None,
    share_done: float,
    is_last: bool = False,
) -> int:
    """Log the results (those already there are left alone) and return how many.

    The last time they are all the results of the run, and MLflow is looked through for them.
    """
    if is_last:
        tracking.trials.settle(run_id, results)
    else:
        tracking.trials.log(run_id, results)
    move_progress(progress, share_done)
    return len(results)
