"""Experience from one's own training runs: read from MLflow, stored in the home folder.

=====================  ====================================================================
``own.parquet``        the records, as `espalier.pipelines.experience.recording.schema` says
``own.json``           how far each MLflow experiment was read, and how many records were used
=====================  ====================================================================
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from espalier.infra.processes.owner_lock import RunLock
from espalier.infra.settings import Settings
from espalier.infra.tracking.trial_reader import TrialReading
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.redaction import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingProgress:
    """How far the trials in MLflow have been read and used.

    Attributes
    ----------
    store : str
        The MLflow store that was read; another store is read from the beginning.
    marks : mapping of str to int
        See `espalier.infra.tracking.trial_reader.TrialReading`.
    n_learned : int
        Number of records that the newest predictor was fitted to.
    """

    store: str
    marks: Mapping[str, int] = field(default_factory=dict)
    n_learned: int = 0


class RunExperience:
    """The experience records of one home folder; hold `lock` while adding.

    Parameters
    ----------
    settings : Settings
        Name the home folder and the MLflow store.
    """

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.experience_folder
        self.records = ExperienceStore(self.folder / "own.parquet")
        self._uri = redact(settings.mlflow_uri)

    def lock(self) -> RunLock:
        """Return the lock to hold while adding and fitting."""
        return RunLock(
            self.folder / "lock",
            what="a learning of this home folder",
            advice="wait for it, or change what it works on",
        )

    @property
    def progress(self) -> ReadingProgress:
        """The stored progress; empty if records are missing or of another store."""
        fresh = ReadingProgress(store=self._uri)
        if not self.records.path.exists():
            return fresh
        try:
            found = ReadingProgress(**json.loads(self._progress_path.read_text()))
        except (OSError, ValueError, TypeError):
            return fresh
        return found if found.store == self._uri else fresh

    def add(self, found: TrialReading) -> tuple[int, KnowledgeBase]:
        """Add the records that were read; return the number of new ones, and all records.

        Raises
        ------
        UserError
            The file of records is damaged or of a newer version.
        """
        before = len(self._read())
        records = self.records.append(found.records)
        self._note(marks=found.marks, n_learned=self.progress.n_learned)
        return len(records) - before, records

    def learned(self, n_records: int) -> None:
        """Note the number of records that the newest predictor was fitted to."""
        self._note(marks=self.progress.marks, n_learned=n_records)

    def _read(self) -> KnowledgeBase:
        try:
            return self.records.read()
        except UserError as error:
            raise UserError(
                f"{error}; without {self.records.path} everything is read from MLflow again"
            ) from None

    def _note(self, *, marks: Mapping[str, int], n_learned: int) -> None:
        progress = ReadingProgress(store=self._uri, marks=dict(marks), n_learned=n_learned)
        partial = self._progress_path.with_suffix(".partial")
        self.folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(asdict(progress)))
        partial.replace(self._progress_path)

    @property
    def _progress_path(self) -> Path:
        return self.folder / "own.json"
