"""Start commands of ``espalier`` as processes of their own, find them again, and stop them.

A job is the same command that a person would type, so that whatever holds there holds here: it is
recorded, continued and killed alike. Its process outlives the studio; a studio that is started
again finds it by its record.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from espalier.flows.progress.early_finish import FINISH_FILE, ask_to_finish
from espalier.flows.progress.progress_file import PROGRESS_VARIABLE
from espalier.flows.studio.jobs.job import (
    OUTCOME,
    OUTPUT,
    PROGRESS,
    STOPPED,
    Job,
    JobRecord,
    JobState,
)
from espalier.flows.studio.storage.keyed_folders import each_in, folder_of, new_folder
from espalier.infra.access.origin import ASKED_BY_VARIABLE, FORM
from espalier.infra.environment import without_strict_warnings
from espalier.infra.processes.boot import boot_id, start_of
from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.processes.import_path import without_working_folder
from espalier.pipelines.errors import UserError

_KEPT_DAYS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to start.

    Attributes
    ----------
    kind, title, arguments, model, is_form, table, result, place, is_forecast
        As in `JobRecord`. ``{folder}`` in an argument is the job's folder.
    has_outcome : bool
        Whether the command knows the option ``--json``.
    """

    kind: str
    title: str
    arguments: tuple[str, ...]
    model: str = ""
    is_form: bool = False
    table: str = ""
    result: str = ""
    has_outcome: bool = True
    place: str = ""
    is_forecast: bool = False


def program() -> list[str]:
    """Return how the command line is started: by this Python, wherever it is installed."""
    return [sys.executable, "-m", "espalier"]


@dataclass(slots=True)
class JobRunner:
    """Starts jobs and finds them again.

    Attributes
    ----------
    folder : Path
        Folder with a folder for each job.
    home : Path
        The home folder of the installation, for the commands.
    """

    folder: Path
    home: Path
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, command: Command, *, actor: str) -> Job:
        """Start a command and return its job.

        Parameters
        ----------
        command : Command
            What to start.
        actor : str
            Who wants it, for the record.
        """
        now = time.time()
        place = new_folder(self.folder)
        arguments = tuple(each.replace("{folder}", str(place)) for each in command.arguments)
        record = JobRecord(
            id=place.name,
            kind=command.kind,
            title=command.title,
            arguments=arguments,
            model=command.model,
            actor=actor,
            begun_at=now,
            is_form=command.is_form,
            table=command.table,
            result=command.result,
            has_outcome=command.has_outcome,
            place=command.place,
            is_forecast=command.is_forecast,
        )
        return self._run(place, record)

    def again(self, job: Job) -> Job:
        """Start the command of a job that was stopped or failed once more, in its folder.

        A training continues where it was.

        Raises
        ------
        UserError
            It is running, or done.
        """
        if job.state in (JobState.RUNNING, JobState.DONE):
            raise UserError(f"this is {job.state} already; there is nothing to continue")
        for name in (STOPPED, OUTCOME, OUTPUT, PROGRESS, FINISH_FILE):
            (job.folder / name).unlink(missing_ok=True)
        return self._run(job.folder, job.record)

    def all(self) -> tuple[Job, ...]:
        """Return all jobs, the newest first."""
        return tuple(
            sorted(
                each_in(self.folder, self.get), key=lambda job: job.record.begun_at, reverse=True
            )
        )

    def get(self, key: str) -> Job:
        """Return a job.

        Raises
        ------
        KeyError
            There is none of this id.
        """
        place = folder_of(self.folder, key)
        self._reap()
        return Job.read(place)

    def stop(self, job: Job) -> None:
        """Tell the process of a job to end, as Ctrl-C does."""
        if job.process is not None and job.process.is_running:
            (job.folder / STOPPED).touch()
            with suppress(ProcessLookupError):
                os.kill(job.process.pid, signal.SIGTERM)

    def finish(self, job: Job) -> None:
        """Tell a training to end its search now and to finish with what it has found."""
        ask_to_finish(job.progress_path)

    def remove(self, job: Job) -> None:
        """Remove the record of a job that has ended; what it has made stays.

        Raises
        ------
        UserError
            It is running.
        """
        if not job.state.has_ended:
            raise UserError("this is running; stop it first")
        shutil.rmtree(job.folder, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the records of jobs that ended long ago."""
        oldest = time.time() - _KEPT_DAYS * 86_400
        for job in self.all():
            if job.record.begun_at < oldest and job.state.has_ended:
                self.remove(job)

    def _run(self, place: Path, record: JobRecord) -> Job:
        outcome = ("--json", str(place / OUTCOME)) if record.has_outcome else ()
        with (place / OUTPUT).open("ab") as output:
            process = subprocess.Popen(
                [*program(), *record.arguments, *outcome],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=record.place or None,
                env=self._environ(place, record),
                start_new_session=True,  # Ctrl-C at the studio is not meant for it
            )
        with self._lock:
            self._children[record.id] = process
        identity = ProcessIdentity(
            host=os.uname().nodename,
            pid=process.pid,
            started=start_of(process.pid) or 0.0,
            boot=boot_id(),
        )
        job = Job(place, record, identity)
        job.write()
        return job

    def _environ(self, place: Path, record: JobRecord) -> dict[str, str]:
        environ = {
            **without_working_folder(without_strict_warnings(os.environ)),
            "ESPALIER_HOME": str(self.home),
            PROGRESS_VARIABLE: str(place / PROGRESS),
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }
        environ.pop(ASKED_BY_VARIABLE, None)
        return environ | ({ASKED_BY_VARIABLE: FORM.word} if record.is_form else {})

    def _reap(self) -> None:
        """Take note of the children that have ended, so that none stays as a zombie."""
        with self._lock:
            for key, child in list(self._children.items()):
                if child.poll() is not None:
                    del self._children[key]
