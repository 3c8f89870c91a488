"""A job as its page shows it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from espalier.flows.progress.progress_file import ProgressRecord
from espalier.flows.studio.jobs.commands import shell_line
from espalier.flows.studio.jobs.job import Job, JobRecord, JobState

PHASES = {
    "": "Starting: server and workers",
    "starting": "Starting",
    "load": "Reading the table",
    "validate": "Checking the table",
    "prepare": "Preparing the columns",
    "profile": "Measuring the table",
    "search": "Searching for models",
    "ensemble": "Combining the best",
    "evaluate": "Scoring on rows never seen",
    "refit": "Learning from all rows",
    "register": "Registering the model",
    "gate": "Comparing with the last table",
    "monitor": "Measuring score and drift",
}
_TRAININGS = ("train", "extend", "retrain")
_FINISHING = ("ensemble", "evaluate", "refit", "register")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """What a page says of a job.

    Attributes
    ----------
    record : JobRecord
        What was started.
    state : JobState
        Where it is.
    command : str
        The same in a shell.
    progress : ProgressRecord or None
        Its progress.
    phase : str
        The present phase in words.
    seconds : float
        How long it has run, up to now or to the last sign of it.
    seconds_left : float or None
        Seconds left for the search, now; None where that is not known.
    training : mapping or None
        What ``espalier train --json`` has written, once a training is done.
    outcome : mapping
        What any command has written; empty before.
    reasons : tuple of str
        Why it was refused or failed.
    finishes_early : bool
        Whether its search was asked to end.
    has_result : bool
        Whether there is a file to download.
    warnings : tuple of str
        What it has warned of.
    """

    record: JobRecord
    state: JobState
    command: str
    progress: ProgressRecord | None
    phase: str
    seconds: float
    seconds_left: float | None
    training: Mapping[str, Any] | None
    outcome: Mapping[str, Any]
    reasons: tuple[str, ...]
    finishes_early: bool
    has_result: bool
    warnings: tuple[str, ...]

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.state.has_ended

    @property
    def is_training(self) -> bool:
        """Whether it searches for models."""
        return self.record.kind in _TRAININGS

    @property
    def can_finish(self) -> bool:
        """Whether the search can be told to end."""
        searching = self.progress is not None and self.progress.phase == "search"
        timed = self.seconds_left is not None
        return searching and timed and not self.has_ended and not self.finishes_early

    @property
    def share_done(self) -> float:
        """Share of the work that is done, from 0 to 1, for the bar."""
        if self.progress is None or self.progress.search is None:
            return 0.0
        if self.progress.phase in _FINISHING:
            return 1.0
        return self.progress.search.share_done


def work_view(job: Job) -> WorkView:
    """Return what a page says of a job."""
    state, progress, outcome = job.state, job.progress, job.outcome or {}
    now = time.time()
    ended = state.has_ended
    last = _last_sign(job) if ended else now
    return WorkView(
        record=job.record,
        state=state,
        command=shell_line(job.record),
        progress=progress,
        phase=_phase(progress),
        seconds=max(0.0, last - job.record.begun_at),
        seconds_left=None if progress is None or ended else _left(progress, now),
        training=_training(outcome) if state is JobState.DONE else None,
        outcome=outcome,
        reasons=job.reasons if ended else (),
        finishes_early=job.finishes_early,
        has_result=bool(job.record.result) and job.result_path.is_file(),
        warnings=job.warnings,
    )


def spoken(view: WorkView) -> str:
    """Return what a screen reader says of the progress: little, and only when it changes."""
    if view.has_ended:
        return f"{view.record.title}: {view.state}"
    search = None if view.progress is None else view.progress.search
    if search is None or view.progress is None or view.progress.phase != "search":
        return view.phase
    tens = search.n_trials // 10 * 10
    best = "" if search.best_score is None else f", best {search.metric} {search.best_score:.3g}"
    return f"{view.phase}: more than {tens} trials{best}" if tens else f"{view.phase}{best}"


def _phase(progress: ProgressRecord | None) -> str:
    name = "" if progress is None else progress.phase
    return PHASES.get(name, name.capitalize())


def _left(progress: ProgressRecord, now: float) -> float | None:
    search = progress.search
    if search is None or search.seconds_left is None or progress.phase != "search":
        return None
    return max(0.0, search.seconds_left - (now - search.told_at))


def _training(outcome: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the report of the training, which a retraining has as a part."""
    found = outcome if "holdout_score" in outcome else outcome.get("training")
    return found if isinstance(found, Mapping) else None


def _last_sign(job: Job) -> float:
    """Return when the job last wrote something, in seconds since 1970."""
    times = [job.record.begun_at]
    for path in (job.folder / "outcome.json", job.progress_path, job.folder / "output.txt"):
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times)
