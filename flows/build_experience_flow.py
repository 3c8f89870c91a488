"""The flow `build_experience`: evaluate many configurations on every table of a folder."""

from contextlib import ExitStack
from dataclasses import dataclass

from prefect import flow

from espalier.flows.progress.current_listener import current_listener
from espalier.flows.training.table_recorder import TableRecorder
from espalier.infra.cluster.cluster import open_cluster
from espalier.infra.cluster.executor import DaskExecutor
from espalier.infra.cluster.host_claim import HostClaim, claim_host
from espalier.infra.processes.owner_lock import RunLock
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.recording_setup import read_index
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.requests.build_experience import BuildRequest
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.experience.open_known_table import open_known_table


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """Outcome of a build of experience.

    Attributes
    ----------
    n_added, n_known : int
        Number of trials that this build recorded, and number in the store now.
    finished, unfinished : tuple of str
        Names of the tables with all trials recorded, and of those with trials left to run.
    failed : tuple of (table, reason)
        Tables that cannot be used.
    trial_seconds : float
        Total duration of the trials that this build recorded (each uses one core).
    """

    n_added: int
    n_known: int
    finished: tuple[str, ...]
    unfinished: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    trial_seconds: float


@flow(
    name="build experience",
    description="Evaluate many configurations on every table of a folder, and record their scores.",
    flow_run_name="build experience {request.folder}",
    persist_result=False,
)
def build_experience(request: BuildRequest) -> BuildReport:
    """Evaluate configurations on every table of a folder, and record the trials.

    Running the same request again after an interruption continues where it stopped.
    """
    settings, listener = load_settings(), current_listener()
    entries = read_index(request.folder, request.tables)
    store, deadline = ExperienceStore(request.store.absolute()), _deadline(request)
    recorder = TableRecorder(
        store=store,
        tracking=Tracking(settings),
        settings=settings,
        design=request.design,
        deadline=deadline,
        listener=listener,
    )
    added: list[TrialResult] = []
    finished: list[str] = []
    unfinished: list[str] = []
    failed: list[tuple[str, str]] = []
    lock = RunLock(
        store.path.with_name(f"{store.path.name}.lock"),
        what="a build of this store",
        advice="wait for it, or change what it works on",
    )
    address = None if request.workers else request.dask or settings.dask_address
    patience = settings.dask_wait_seconds if address else settings.dask_start_seconds
    with lock, ExitStack() as held:
        claim = None if address else held.enter_context(_claim(request, settings))
        client = held.enter_context(
            open_cluster(
                address,
                settings.worker_count if claim is None else claim.n_start,
                None if claim is None else f"{claim.memory}b",
                start_seconds=patience,
            )
        )
        for entry in entries:
            if deadline.passed:
                unfinished.append(entry.name)
                continue
            listener.phase(entry.name)
            done = True
            try:
                place = open_known_table(entry, request.rules, store, request.design)
            except UserError as error:  # one bad table must not end the build
                failed.append((entry.name, str(error)))
                listener.warn(f"{entry.name} is left out: {error}")
                continue
            if place is not None:
                with DaskExecutor(client, place.context, claim=claim) as executor:
                    results, done = recorder.record(executor, place)
                added += results
            (finished if done else unfinished).append(entry.name)
    return BuildReport(
        n_added=len(added),
        n_known=len(store.read()),
        finished=tuple(finished),
        unfinished=tuple(unfinished),
        failed=tuple(failed),
        trial_seconds=sum(each.seconds for each in added),
    )


def _claim(request: BuildRequest, settings: Settings) -> HostClaim:
    return claim_host(
        settings,
        workers=request.workers or settings.workers,
        memory_limit=settings.memory_limit,
        is_timed=False,  # its trials have one thread, wherever they run
    )


def _deadline(request: BuildRequest) -> Deadline:
    return Deadline.after(None if request.hours is None else 3600.0 * request.hours)
