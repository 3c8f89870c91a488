"""The progress of a command as a file, for a program that shows it to people, such as the studio.

That program names the file in the environment variable ``ESPALIER_PROGRESS_FILE``. It is replaced
as a whole, so that whoever reads it never finds half of it, and says only what the terminal says.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from espalier.flows.progress.listeners import RunListener, SearchProgress
from espalier.infra.places import write_whole
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact

PROGRESS_VARIABLE = "ESPALIER_PROGRESS_FILE"
# A search of a small table ends hundreds of trials a minute.
_PAUSE_SECONDS = 0.5
_MOST_LINES = 200
_MOST_BESTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchState:
    """The state of a search, in plain values.

    Attributes
    ----------
    metric : str
        Name of the metric.
    n_trials, n_failed : int
        Number of finished trials, and of those without a score.
    n_wanted : int or None
        Number of trials in the budget.
    best_score : float or None
        Score of the best trial so far; ``best_family`` is its model family, ``best_number`` its
        number.
    seconds_left : float or None
        Remaining seconds of the search at ``told_at``; None without a time budget.
    share_done : float
        Share of the budget that is used, from 0 to 1.
    told_at : float
        When this was so, in seconds since 1970.
    """

    metric: str
    n_trials: int
    n_failed: int
    n_wanted: int | None
    best_score: float | None
    best_family: str
    best_number: int | None
    seconds_left: float | None
    share_done: float
    told_at: float

    @classmethod
    def of(cls, progress: SearchProgress, told_at: float) -> Self:
        """Return the state of a search's progress."""
        best, left = progress.best, progress.seconds_left
        return cls(
            metric=progress.metric,
            n_trials=progress.n_trials,
            n_failed=progress.n_failed,
            n_wanted=progress.n_wanted,
            best_score=None if best is None else best.score,
            best_family="" if best is None else best.trial.configuration.family,
            best_number=None if best is None else best.trial.number,
            seconds_left=max(0.0, left) if left < float("inf") else None,
            share_done=progress.share_done,
            told_at=told_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressRecord:
    """What the file says.

    Attributes
    ----------
    title : str
        What the command does.
    begun_at : float
        When it began, in seconds since 1970; so are the other times.
    phase : str
        The present phase; empty before the first.
    phase_at : float
        When it began.
    phases : tuple of (str, float)
        The phases that have ended, with their seconds.
    lines : tuple of (str, str)
        ``note`` or ``warning``, and its text; the newest last.
    search : SearchState or None
        State of the search; None before it begins.
    bests : tuple of (int, float)
        Number of finished trials and best score, whenever the best changed.
    """

    title: str
    begun_at: float
    phase: str = ""
    phase_at: float = 0.0
    phases: tuple[tuple[str, float], ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    search: SearchState | None = None
    bests: tuple[tuple[int, float], ...] = ()


def read_progress(path: Path) -> ProgressRecord | None:
    """Return what the file says; None if there is none yet."""
    try:
        record: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        search = record["search"]
        return ProgressRecord(
            title=record["title"],
            begun_at=record["begun_at"],
            phase=record["phase"],
            phase_at=record["phase_at"],
            phases=tuple((name, seconds) for name, seconds in record["phases"]),
            lines=tuple((kind, text) for kind, text in record["lines"]),
            search=None if search is None else SearchState(**search),
            bests=tuple((n, score) for n, score in record["bests"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(slots=True)
class ProgressFile:
    """A listener that writes the progress to a file.

    An error of writing is passed over: the run is worth more than its display.

    Attributes
    ----------
    path : Path
        The file.
    title : str
        What the command does.
    clock : callable
        Returns the seconds since 1970.
    """

    path: Path
    title: str
    clock: Callable[[], float] = time.time
    _record: ProgressRecord = field(init=False)
    _written_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        now = self.clock()
        self._record = ProgressRecord(title=redact(self.title), begun_at=now, phase_at=now)
        self._write()

    def phase(self, name: str) -> None:
        """Write that a phase begins."""
        now, record = self.clock(), self._record
        ended = (record.phase or "starting", round(now - record.phase_at, 2))
        self._change(phase=name, phase_at=now, phases=(*record.phases, ended))

    def note(self, line: str) -> None:
        """Write the line."""
        self._line("note", line)

    def warn(self, line: str) -> None:
        """Write the line as a warning."""
        self._line("warning", line)

    def searched(self, progress: SearchProgress) -> None:
        """Write the state of the search, at once for a new best trial, else twice a second."""
        now, bests = self.clock(), self._record.bests
        state = SearchState.of(progress, now)
        is_best = state.best_score is not None and (not bests or bests[-1][1] != state.best_score)
        if is_best and state.best_score is not None:
            bests = (*bests, (state.n_trials, state.best_score))[-_MOST_BESTS:]
        self._change(
            soon=not is_best
            and progress.last is not None
            and now - self._written_at < _PAUSE_SECONDS,
            search=state,
            bests=bests,
        )

    def _line(self, kind: str, line: str) -> None:
        self._change(lines=(*self._record.lines, (kind, redact(line)))[-_MOST_LINES:])

    def _change(self, *, soon: bool = False, **changes: Any) -> None:
        kept = {name: getattr(self._record, name) for name in ProgressRecord.__slots__}
        self._record = ProgressRecord(**{**kept, **changes})
        if not soon:
            self._write()

    def _write(self) -> None:
        self._written_at = self.clock()
        with suppress(UserError):
            write_whole(self.path, json.dumps(asdict(self._record)))


@dataclass(frozen=True, slots=True)
class _ToldTwice:
    """A listener that tells two others."""

    one: RunListener
    other: RunListener

    def phase(self, name: str) -> None:
        self.one.phase(name)
        self.other.phase(name)

    def note(self, line: str) -> None:
        self.one.note(line)
        self.other.note(line)

    def warn(self, line: str) -> None:
        self.one.warn(line)
        self.other.warn(line)

    def searched(self, progress: SearchProgress) -> None:
        self.one.searched(progress)
        self.other.searched(progress)


def told_to_file(listener: RunListener, title: str) -> RunListener:
    """Return a listener that tells ``listener``, and the watched file if there is one."""
    path = watched_file()
    return listener if path is None else _ToldTwice(listener, ProgressFile(path, title))


def watched_file() -> Path | None:
    """Return the file that whoever started this command watches; None if nobody does."""
    named = os.environ.get(PROGRESS_VARIABLE)
    return Path(named) if named else None
