"""Listeners, which receive the progress of a run, and the progress they receive."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from espalier.pipelines.trials.trial import TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchProgress:
    """State of the search after a trial.

    Attributes
    ----------
    metric : str
        Name of the metric.
    n_trials, n_failed : int
        Number of finished trials, and of those without a score.
    n_wanted : int or None
        Number of trials in the budget; None without such a limit.
    best, last : TrialResult or None
        The best trial so far and the newest one.
    seconds_left, seconds_budget : float
        Remaining and total seconds of the search, infinite without a time budget.
    n_workers : int
        Number of workers; 0 if it is not known.
    """

    metric: str
    n_trials: int
    n_failed: int
    n_wanted: int | None
    best: TrialResult | None
    last: TrialResult | None
    seconds_left: float
    seconds_budget: float
    n_workers: int = 0

    @property
    def share_done(self) -> float:
        """Share of the budget that is used, from 0 to 1."""
        by_trials = self.n_trials / self.n_wanted if self.n_wanted else 0.0
        known = 0 < self.seconds_budget < float("inf")
        by_time = 1 - max(0.0, self.seconds_left) / self.seconds_budget if known else 0.0
        return min(1.0, max(by_trials, by_time, 0.0))


class RunListener(Protocol):
    """Receives the progress of a run."""

    def phase(self, name: str) -> None:
        """Report that a phase begins (and the one before ends)."""

    def note(self, line: str) -> None:
        """Report information."""

    def warn(self, line: str) -> None:
        """Report something that may need action."""

    def searched(self, progress: SearchProgress) -> None:
        """Report the state of the search after a trial."""


class LogListener:
    """Writes the progress to a logger, for runs without a console."""

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._logger = logger

    def phase(self, name: str) -> None:
        """Log the phase."""
        self._logger.info("%s", name)

    def note(self, line: str) -> None:
        """Log the line."""
        self._logger.info("%s", line)

    def warn(self, line: str) -> None:
        """Log the line as a warning."""
        self._logger.warning("%s", line)

    def searched(self, progress: SearchProgress) -> None:
        """Log the state of the search if the last trial is the new best."""
        if progress.best is not None and progress.best is progress.last:
            self._logger.info("%s", search_line(progress))


def search_line(progress: SearchProgress) -> str:
    """Return the state of the search as one line."""
    wanted = f" of {progress.n_wanted}" if progress.n_wanted else ""
    parts = [f"{progress.n_trials}{wanted} trials"]
    if progress.n_failed:
        parts[0] += f" ({progress.n_failed} failed)"
    if progress.best is not None and progress.best.score is not None:
        family = progress.best.trial.configuration.family
        parts.append(f"best {progress.metric} {progress.best.score:.5g} ({family})")
    if progress.seconds_left < float("inf"):
        parts.append(f"{human_seconds(max(0.0, progress.seconds_left))} left")
    return ", ".join(parts)


def human_seconds(seconds: float) -> str:
    """Return a duration as text: ``0.4s``, ``12s``, ``3m 20s``, ``1h 05m``."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


class Stopwatch:
    """Measures the durations of a run's phases, and reports each phase to a listener.

    Parameters
    ----------
    listener : RunListener
        Receives the name of each phase.
    started_at : float
        When the process began, in seconds since 1970. The time until the stopwatch is created
        counts as ``startup``.
    clock, wall_clock : callable
        Return the current time in seconds: since an arbitrary moment, and since 1970.
    """

    def __init__(
        self,
        listener: RunListener,
        *,
        started_at: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._listener = listener
        self._clock = clock
        self._startup = wall_clock() - started_at
        self._begun = self._mark = clock()
        self._name: str | None = None
        self._seconds: dict[str, float] = {}

    def phase(self, name: str) -> None:
        """End the current phase and begin the phase ``name``."""
        self._end_phase()
        self._name = name
        self._listener.phase(name)

    def seconds(self) -> dict[str, float]:
        """End the current phase; return seconds by phase, with ``startup`` and ``total``."""
        self._end_phase()
        named = {"startup": self._startup, **self._seconds, "total": self._mark - self._begun}
        return {name: round(value, 3) for name, value in named.items()}

    def _end_phase(self) -> None:
        now = self._clock()
        if self._name is not None:
            self._seconds[self._name] = self._seconds.get(self._name, 0.0) + now - self._mark
        self._mark, self._name = now, None
