"""Record the trials of one table in a build of experience, batch by batch."""

from dataclasses import dataclass

from espalier.flows.progress.listeners import RunListener, SearchProgress, human_seconds
from espalier.flows.training.trial_log import TrialLog
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.experience.recording.design import RecordingDesign, next_to_record
from espalier.pipelines.experience.recording.recording_setup import RecordingSetup
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.experience.open_recording import open_recording
from espalier.tasks.experience.record_batch import record_batch

# A batch is what a kill may lose, and what the end of the hours may overrun by.
TRIALS_A_WORKER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecorder:
    """Records trials of tables; its attributes are the same for all tables of a build.

    Attributes
    ----------
    store : ExperienceStore
        Store that trials are recorded in.
    tracking : Tracking
        The MLflow store; it gets a run per table, with nested runs for the trials.
    settings : Settings
        Settings; the home folder keeps the ids of those runs.
    design : RecordingDesign
        Number, limits and folds of the trials on each table.
    deadline : Deadline
        After it no further batch is started.
    listener : RunListener
        Receives the progress.
    """

    store: ExperienceStore
    tracking: Tracking
    settings: Settings
    design: RecordingDesign
    deadline: Deadline
    listener: RunListener

    def record(self, executor: Executor, place: RecordingSetup) -> tuple[list[TrialResult], bool]:
        """Record missing trials of a table; return their results, and whether all are done."""
        design, dataset = self.design, place.dataset
        history = self.store.read().history(dataset)
        notes = RunStore(self.settings.home / "experience" / dataset.key)
        run_id = open_recording(self.tracking, notes, dataset, design)
        log = TrialLog(self.tracking, run_id)
        log.add(
            design.own(history).results, 0.0
        )  # a kill may have come between the store and MLflow
        added: list[TrialResult] = []
        n = TRIALS_A_WORKER * executor.n_workers
        trials = next_to_record(place.space, history, design, n)
        while trials and not self.deadline.passed:
            results = record_batch(executor, trials, dataset, self.store)
            added += results
            history = history.extend(results)
            own = design.own(history)
            log.add(results, len(own) / design.n_configurations)
            self._show(own)
            trials = next_to_record(place.space, history, design, n)
        log.finish()
        self._sum_up(run_id, dataset.name, design.own(history))
        return added, not trials

    def _show(self, history: History) -> None:
        progress = SearchProgress(
            metric=history.metric.name,
            n_trials=len(history),
            n_failed=len(history.failures),
            n_wanted=self.design.n_configurations,
            best=history.best,
            last=history.ordered[-1],
            seconds_left=self.deadline.seconds_left,
            seconds_budget=float("inf"),
        )
        self.listener.searched(progress)

    def _sum_up(self, run_id: str, name: str, history: History) -> None:
        seconds = sum(each.seconds for each in history.results)
        n_failed = len(history.failures)
        self.listener.note(
            f"{name}: {len(history)} configurations, {n_failed} without a score, "
            f"{human_seconds(seconds)} of trials"
        )
        figures = {"n_trials": len(history), "n_failed": n_failed, "seconds_trials": seconds}
        if history.best is not None and history.best.score is not None:
            figures["best_score"] = history.best.score
        self.tracking.finish_run(run_id, figures)
