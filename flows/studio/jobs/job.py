"""A command that the studio has started, and what is known of it: as files in a folder of its own.

``studio/jobs/<id>`` in the home folder holds ``job.json`` (what was started, by whom, as which
process), ``progress.json`` (`espalier.flows.progress.progress_file`), ``outcome.json`` (what
``--json`` writes) and ``output.txt``. The work itself is in the run folder and in MLflow: removing
a job removes nothing of it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from espalier.flows.progress.early_finish import is_asked_to_finish
from espalier.flows.progress.progress_file import ProgressRecord, read_progress
from espalier.infra.processes.identity import ProcessIdentity

PROGRESS, OUTCOME, OUTPUT, RECORD, STOPPED = (
    "progress.json",
    "outcome.json",
    "output.txt",
    "job.json",
    "stopped",
)
_FAILURES = ("refused", "failed")
_TAIL_BYTES = 20_000


class JobState(StrEnum):
    """Where a job is."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # the input was wrong; the reason is a sentence
    FAILED = "failed"
    STOPPED = "stopped"  # by a person; the same command continues

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self is not JobState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """What was started.

    Attributes
    ----------
    id : str
        Name of the job's folder.
    kind : str
        ``train``, ``extend``, ``promote``, ``compare``, ``predict``, ``monitor``, ``retrain`` or
        ``endpoint``.
    title : str
        What it does, for people.
    arguments : tuple of str
        Arguments of the command ``espalier``, without where to write the outcome.
    model : str
        The registered model that it is about.
    actor : str
        Who started it.
    begun_at : float
        Seconds since 1970.
    is_form : bool
        Whether it reads an address that was typed into the page.
    table : str
        Id of the table that it reads; empty without one.
    result : str
        Name of the file that it writes into its folder, besides the outcome; empty without one.
    has_outcome : bool
        Whether the command knows the option ``--json``.
    place : str
        Folder that it works in; empty for that of the studio.
    is_forecast : bool
        Whether its file is a forecast of series.
    """

    id: str
    kind: str
    title: str
    arguments: tuple[str, ...]
    model: str
    actor: str
    begun_at: float
    is_form: bool = False
    table: str = ""
    result: str = ""
    has_outcome: bool = True
    place: str = ""
    is_forecast: bool = False

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """Return the record that `to_dict` described."""
        return cls(**{**record, "arguments": tuple(record["arguments"])})

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now.

    Attributes
    ----------
    folder : Path
        Its folder.
    record : JobRecord
        What was started.
    process : ProcessIdentity or None
        Its process.
    """

    folder: Path
    record: JobRecord
    process: ProcessIdentity | None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the job of a folder.

        Raises
        ------
        KeyError
            The folder holds none.
        """
        try:
            found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            record = JobRecord.from_dict(found["record"])
        except (OSError, ValueError, TypeError, KeyError):
            raise KeyError(folder.name) from None
        return cls(folder, record, ProcessIdentity.parse(found.get("process")))

    def write(self) -> None:
        """Write the job's record."""
        process = None if self.process is None else self.process.to_dict()
        partial = self.folder / f".{RECORD}"
        content = {"record": self.record.to_dict(), "process": process}
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(self.folder / RECORD)

    @property
    def state(self) -> JobState:
        """Where it is."""
        if self.process is not None and self.process.is_running:
            return JobState.RUNNING
        outcome = self.outcome
        said = str(outcome.get("outcome", "")) if outcome else ""
        if said in _FAILURES:
            return JobState(said)
        if outcome or (self.record.result and self.result_path.exists()):
            return JobState.DONE
        if self.is_told_to_stop:
            return JobState.STOPPED
        return JobState.REFUSED if self._error else JobState.FAILED

    @property
    def outcome(self) -> dict[str, Any] | None:
        """What the command has written with ``--json``; None if it has not, or not yet."""
        try:
            found = json.loads((self.folder / OUTCOME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was refused or failed, in sentences."""
        outcome = self.outcome or {}
        if outcome.get("outcome") in _FAILURES:
            return tuple(str(each) for each in outcome.get("reasons", ()))
        if self._error:
            return (self._error,)
        if self.state is JobState.FAILED:
            return (
                "the process ended without saying why; the machine may have had no memory left",
            )
        return ()

    @property
    def progress(self) -> ProgressRecord | None:
        """Its progress; None before there is any."""
        return read_progress(self.progress_path)

    @property
    def progress_path(self) -> Path:
        """Path of the file with its progress."""
        return self.folder / PROGRESS

    @property
    def result_path(self) -> Path:
        """Path of the file that it writes for a person."""
        return self.folder / self.record.result

    @property
    def is_told_to_stop(self) -> bool:
        """Whether a person has stopped it; its process may take a moment to end."""
        return (self.folder / STOPPED).exists()

    @property
    def finishes_early(self) -> bool:
        """Whether it was asked to end its search and to finish."""
        return is_asked_to_finish(self.progress_path)

    @property
    def output(self) -> str:
        """The end of what it has printed."""
        try:
            with (self.folder / OUTPUT).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - _TAIL_BYTES))
                return file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What it has warned of on its output."""
        lines = (each.strip() for each in self.output.splitlines())
        found = (each.removeprefix("warning: ") for each in lines if each.startswith("warning: "))
        return tuple(dict.fromkeys(found))

    @property
    def _error(self) -> str:
        """The last line that reports an error."""
        lines = [each for each in self.output.splitlines() if each.startswith("error: ")]
        return lines[-1].removeprefix("error: ") if lines else ""
