"""Evaluate a batch of trials on the workers."""

from collections.abc import Callable, Sequence

from prefect.context import TaskRunContext

from espalier.infra.runs.store import RunStore
from espalier.infra.runs.trial_recorder import TrialRecorder
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.limits.stopping import TIME_IS_SPENT
from espalier.pipelines.search.loop import run_trials as evaluate
from espalier.pipelines.search.loop import stop_batch
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult
from espalier.tasks.policies import retried_task


@retried_task(
    name="evaluate batch",
    description="Evaluate a batch of trials on the Dask workers; a failed trial is a result.",
    tags=["espalier", "search"],
)
def evaluate_batch(
    executor: Executor,
    trials: Sequence[Trial],
    *,
    store: RunStore,
    recorder: TrialRecorder,
    deadline: Deadline,
    awaited: frozenset[int] | None,
    on_result: Callable[[TrialResult], None],
) -> list[TrialResult]:
    """Evaluate ``trials`` and return the new results, including those of earlier batches.

    Each result is written to the trial log of the run before ``on_result`` is called. A trial in
    the log is not run again if this task is retried.

    Raises
    ------
    StoreUnavailableError
        The log cannot be written; the recorder keeps the results.
    """
    recorder.write()
    before = store.results() if _is_retry() else ()
    known = {each.trial.number for each in before}
    known |= {trial.number for trial in executor.pending}

    def keep(outcome: TrialOutcome) -> None:
        recorder.keep(outcome)
        on_result(outcome.result)

    ended = evaluate(
        executor,
        [trial for trial in trials if trial.number not in known],
        deadline=deadline,
        awaited=awaited,
        on_result=keep,
    )
    if deadline.passed:
        ended += stop_batch(executor, reason=TIME_IS_SPENT, on_result=keep)
    recorder.write()
    return [*before, *(outcome.result for outcome in ended)]


def _is_retry() -> bool:
    context = TaskRunContext.get()
    return context is not None and context.task_run.run_count > 1
