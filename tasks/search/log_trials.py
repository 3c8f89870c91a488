"""Log finished trials to MLflow, and the progress of the search to Prefect."""

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
    """Log results that are not logged yet, and return the number of ``results``.

    With ``is_last``, ``results`` are all results of the run, and MLflow is searched for missing
    ones.
    """
    if is_last:
        tracking.trials.settle(run_id, results)
    else:
        tracking.trials.log(run_id, results)
    move_progress(progress, share_done)
    return len(results)
