"""Evaluate a batch of trials and add them to the store of experience."""

from collections.abc import Sequence
from datetime import UTC, datetime

from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.experience.recording.record import KnownDataset, record_of
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.resources.budget import NEVER
from espalier.pipelines.search.loop import run_trials
from espalier.pipelines.trials.trial import Trial, TrialResult
from espalier.tasks.experience.open_recording import package_versions
from espalier.tasks.policies import retried_task


@retried_task(
    name="record batch",
    description="Evaluate a batch of trials on the Dask workers and add them to the experience.",
    tags=["espalier", "experience"],
)
def record_batch(
    executor: Executor, trials: Sequence[Trial], dataset: KnownDataset, store: ExperienceStore
) -> list[TrialResult]:
    """Evaluate ``trials``, add them to the store, and return their results.

    The deadline of the build does not end running trials, which would distort the records; only
    the limit of the trial itself does.
    """
    waiting = {trial.number for trial in executor.pending}
    outcomes = run_trials(
        executor,
        [trial for trial in trials if trial.number not in waiting],
        deadline=NEVER,
        awaited=frozenset(trial.number for trial in trials),
    )
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    versions = package_versions()
    records = [
        record_of(dataset, outcome.result, versions=versions, recorded_at=now)
        for outcome in outcomes
    ]
    store.append(records)
    return [record.result for record in records]
