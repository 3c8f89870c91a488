"""The story of a build of experience: many configurations on every table of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import flow

from flows.current_watcher import current_watcher
from flows.trial_log import TrialLog
from flows.watching import Watcher, human_seconds
from infra.cluster import open_cluster
from infra.dask_executor import DaskExecutor
from infra.run_lock import RunLock
from infra.run_store import RunStore
from infra.settings import Settings, load_settings
from infra.tracking import Tracking
from pipelines.budget import Deadline
from pipelines.errors import UserError
from pipelines.experience.build_request import BuildRequest
from pipelines.experience.design import next_to_record
from pipelines.experience.record import KnowledgeBase
from pipelines.experience.store import ExperienceStore
from pipelines.experience.workplace import Workplace, read_index
from pipelines.trial import TrialResult
from tasks.open_known_table import open_known_table
from tasks.open_recording import open_recording
from tasks.record_batch import record_batch

# A batch is what a kill may lose, and what the end of the hours may overrun by.
BATCHES_A_WORKER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build left.

    Attributes
    ----------
    n_added, n_known : int
        Trials recorded by it, and in the store now.
    finished, unfinished : tuple of str
        Tables with all their configurations, and those to go on with.
    failed : tuple of (table, reason)
        Tables that cannot be used.
    trial_seconds : float
        Of the trials recorded by it, on one core each.
    """

    n_added: int
    n_known: int
    finished: tuple[str, ...]
    unfinished: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    trial_seconds: float


@flow(
    name="build experience",
    description="Record what many configurations score on every table of a folder.",
    flow_run_name="build experience {request.folder}",
    persist_result=False,
)
def build_experience(request: BuildRequest) -> BuildReport:
    """Record trials on every table; the same request again continues where this one stopped."""
    settings, watcher = load_settings(), current_watcher()
    entries = read_index(request.folder, request.tables)
    store, deadline = ExperienceStore(request.store.absolute()), _deadline(request)
    tracking = Tracking(settings)
    added: list[TrialResult] = []
    finished: list[str] = []
    unfinished: list[str] = []
    failed: list[tuple[str, str]] = []
    lock = RunLock(store.path.with_name(f"{store.path.name}.lock"), what="a build of this store")
    n_workers = request.workers or settings.worker_count
    address = None if request.workers else request.dask or settings.dask_address
    with lock, open_cluster(address, n_workers, settings.memory_limit) as client:
        for entry in entries:
            if deadline.passed:
                unfinished.append(entry.name)
                continue
            watcher.phase(entry.name)
            known = store.read()
            try:
                place = open_known_table(entry, request.rules, known, enough=request.configurations)
            except UserError as error:  # one bad table must not end the build
                failed.append((entry.name, str(error)))
                watcher.warn(f"{entry.name} is left out: {error}")
                continue
            if place is not None:
                with DaskExecutor(client, place.context) as executor:
                    results, done = _record_table(
                        executor, place, request, store, known, tracking, settings,
                        deadline=deadline, watcher=watcher,
                    )  # fmt: skip
                added += results
            (finished if place is None or done else unfinished).append(entry.name)
    return BuildReport(
        n_added=len(added),
        n_known=len(store.read()),
        finished=tuple(finished),
        unfinished=tuple(unfinished),
        failed=tuple(failed),
        trial_seconds=sum(each.seconds for each in added),
    )


def _deadline(request: BuildRequest) -> Deadline:
    return Deadline.after(None if request.hours is None else 3600.0 * request.hours)


def _record_table(
    executor: DaskExecutor,
    place: Workplace,
    request: BuildRequest,
    store: ExperienceStore,
    known: KnowledgeBase,
    tracking: Tracking,
    settings: Settings,
    *,
    deadline: Deadline,
    watcher: Watcher,
) -> tuple[Sequence[TrialResult], bool]:
    """Record what is missing on a table; return the results, and whether nothing is missing."""
    design, dataset = request.design, place.dataset
    history = known.history(dataset)
    notes = RunStore(settings.home / "experience" / dataset.key)
    run_id = open_recording(tracking, notes, dataset, design)
    log = TrialLog(tracking, run_id)
    log.add(history.results, 0.0)  # a kill may have come between the store and MLflow
    added: list[TrialResult] = []
    n = BATCHES_A_WORKER * executor.n_workers
    trials = next_to_record(place.space, history, design, n)
    while trials and not deadline.passed:
        results = record_batch(executor, trials, dataset, store)
        added += results
        history = history.extend(results)
        log.add(results, len(history) / design.n_configurations)
        trials = next_to_record(place.space, history, design, n)
    log.finish()
    seconds = sum(each.seconds for each in history.results)
    failures = len(history) - len(history.successes)
    watcher.note(
        f"{dataset.name}: {len(history)} configurations, {failures} without a score, "
        f"{human_seconds(seconds)} of trials"
    )
    figures = {"n_trials": len(history), "n_failed": failures, "seconds_trials": seconds}
    if history.best is not None and history.best.score is not None:
        figures["best_score"] = history.best.score
    tracking.finish_run(run_id, figures)
    return added, not trials
