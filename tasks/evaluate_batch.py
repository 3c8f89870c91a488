"""A batch of trials on the workers: the unit of the search that may be tried again."""

from collections.abc import Callable, Mapping, Sequence

from prefect import task

from infra.run_store import RunStore
from pipelines.budget import Deadline
from pipelines.evaluation.executor import Executor
from pipelines.search.loop import evaluate_batch as evaluate
from pipelines.trial import Trial, TrialOutcome, TrialResult
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass


@task(
    name="evaluate batch",
    description="Evaluate a batch of trials on the Dask workers; a failed trial is a result.",
    tags=["espalier", "search"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def evaluate_batch(
    executor: Executor,
    trials: Sequence[Trial],
    *,
    store: RunStore,
    deadline: Deadline,
    wait_for_all: bool,
    on_result: Callable[[TrialResult], None],
) -> list[TrialResult]:
    """Evaluate ``trials`` and return the results that came, stragglers of earlier batches too.

    Each result is in the run's trial log before anyone hears of it, and a trial that is in the log
    is not run again: neither by a retry of this task nor by a run that continues a killed one.
    """
    known = known_results(store, trials)
    waiting = {trial.number for trial in executor.pending}
    fresh = [each for each in trials if each.number not in known and each.number not in waiting]

    def keep(outcome: TrialOutcome) -> None:
        store.append(outcome)
        on_result(outcome.result)

    ended = evaluate(executor, fresh, deadline=deadline, wait_for_all=wait_for_all, on_result=keep)
    return [*known.values(), *(outcome.result for outcome in ended)]


def known_results(store: RunStore, trials: Sequence[Trial]) -> Mapping[int, TrialResult]:
    """Return the results of ``trials`` that the log holds already, by trial number."""
    asked = {trial.number: trial.configuration.digest for trial in trials}
    return {
        result.trial.number: result
        for result in store.results()
        if asked.get(result.trial.number) == result.trial.configuration.digest
    }
