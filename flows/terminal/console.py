"""Progress of a run on standard output: a live panel on a terminal, plain lines elsewhere."""

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from espalier.flows.progress.listeners import SearchProgress, human_seconds, search_line
from espalier.flows.terminal.safe_text import safe_text
from espalier.flows.terminal.verbosity import Verbosity
from espalier.pipelines.trials.trial import TrialResult

# Plain output shows the state of the search at most this often, unless there is a new best.
PLAIN_SECONDS = 15.0
LAST_SHOWN = 4
"""Trials that the panel shows, the newest first."""
PACE_SECONDS = 5.0
ERROR_SHOWN = 120


def open_console(
    title: str, console: Console, verbosity: Verbosity = Verbosity.NORMAL
) -> "LiveConsole | PlainConsole | QuietConsole":
    """Return the live panel on a terminal, plain lines elsewhere, or what else was asked for."""
    if verbosity is Verbosity.QUIET:
        return QuietConsole(console)
    every = verbosity is Verbosity.VERBOSE
    if console.is_terminal and verbosity is not Verbosity.LINES:
        return LiveConsole(title, console, every_trial=every)
    return PlainConsole(title, console, every_trial=every)


class QuietConsole:
    """Prints warnings only."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def phase(self, name: str) -> None:
        """Say nothing."""

    def note(self, line: str) -> None:
        """Say nothing."""

    def warn(self, line: str) -> None:
        """Print the warning."""
        said = f"warning: {safe_text(line)}"
        self._console.print(said, markup=False, highlight=False, soft_wrap=True)

    def searched(self, progress: SearchProgress) -> None:
        """Say nothing."""


class PlainConsole:
    """Prints one line per event, after the seconds since the start."""

    def __init__(
        self,
        title: str,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        *,
        every_trial: bool = False,
    ) -> None:
        self._console = console
        self._clock = clock
        self._every_trial = every_trial
        self._begun = clock()
        self._said = float("-inf")
        self._line(title)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def phase(self, name: str) -> None:
        """Print the phase's name."""
        self._line(name)

    def note(self, line: str) -> None:
        """Print the line."""
        self._line(line)

    def warn(self, line: str) -> None:
        """Print the line as a warning."""
        self._line(f"warning: {line}")

    def searched(self, progress: SearchProgress) -> None:
        """Print the state of the search for a new best trial, else at most every 15 seconds.

        If every trial is asked for, it gets a line of its own.
        """
        if progress.last is None:
            return
        if self._every_trial:
            self._line(f"  {trial_line(progress.last, progress.metric)}")
        is_best = progress.best is progress.last
        if is_best or self._clock() - self._said >= PLAIN_SECONDS:
            self._said = self._clock()
            self._line(f"  {search_line(progress)}")

    def _line(self, text: str) -> None:
        line = f"[{self._clock() - self._begun:6.1f}s] {safe_text(text)}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveConsole:
    """A panel that is redrawn in place; notes and warnings scroll above it."""

    def __init__(
        self,
        title: str,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        *,
        every_trial: bool = False,
    ) -> None:
        self._every_trial = every_trial
        self._title = safe_text(title)
        self._console = console
        self._clock = clock
        self._begun = self._phase_begun = clock()
        self._phase = "starting"
        self._ended: list[tuple[str, float]] = []
        self._progress: SearchProgress | None = None
        self._told = self._begun
        self._counted_from: tuple[float, int] | None = None
        self._last: deque[TrialResult] = deque(maxlen=LAST_SHOWN)
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(
            get_renderable=self._render,
            console=console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def phase(self, name: str) -> None:
        """Begin a phase."""
        now = self._clock()
        self._ended.append((self._phase, now - self._phase_begun))
        self._phase, self._phase_begun = name, now

    def note(self, line: str) -> None:
        """Print the line above the panel."""
        self._console.print(Text(f"  {safe_text(line)}", style="dim"))

    def warn(self, line: str) -> None:
        """Print the line above the panel, yellow."""
        self._console.print(Text(f"! {safe_text(line)}", style="yellow"))

    def searched(self, progress: SearchProgress) -> None:
        """Redraw with the new state; if every trial is asked for, it is printed above, too."""
        self._progress, self._told = progress, self._clock()
        if self._counted_from is None:  # trials of an interrupted run took none of this time
            self._counted_from = self._told, progress.n_trials - (progress.last is not None)
        if progress.last is None:
            return
        self._last.appendleft(progress.last)
        if self._every_trial:
            self.note(trial_line(progress.last, progress.metric))

    def _render(self) -> RenderableType:
        now = self._clock()
        rows: list[RenderableType] = []
        if self._ended:
            trail = Text()
            for name, seconds in self._ended:
                trail.append("✓ ", style="green")
                trail.append(f"{name} ")
                trail.append(f"{human_seconds(seconds)}   ", style="dim")
            rows.append(trail)
        head = Table.grid(padding=(0, 1))
        head.add_row(
            self._spinner,
            Text(self._phase, style="bold cyan"),
            Text(human_seconds(now - self._phase_begun), style="dim"),
        )
        rows.append(head)
        if self._progress is not None:
            rows.append(self._search(self._progress, now))
        return Panel(
            Group(*rows),
            title=Text.assemble(("espalier ", "bold"), self._title),
            title_align="left",
            subtitle=Text(f"{human_seconds(now - self._begun)} in all", style="dim"),
            subtitle_align="right",
            border_style="cyan",
            padding=(0, 1),
        )

    def _search(self, progress: SearchProgress, now: float) -> RenderableType:
        left = progress.seconds_left - (now - self._told)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", justify="right")
        grid.add_column()
        wanted = f" of {progress.n_wanted}" if progress.n_wanted else ""
        count = Text(f"{progress.n_trials}{wanted}", style="bold")
        if progress.n_failed:
            count.append(f"  {progress.n_failed} failed", style="yellow")
        count.append(self._pace(progress, now), style="dim")
        grid.add_row("trials", count)
        if progress.best is not None:
            grid.add_row(f"best {progress.metric}", _told_of(progress.best, "bold green"))
        for place, result in enumerate(self._last):
            grid.add_row("" if place else "last", _told_of(result, "dim" if place else ""))
        if left < float("inf"):
            grid.add_row("time left", Text(human_seconds(max(0.0, left))))
        share = progress.share_done
        if 0 < progress.seconds_budget < float("inf"):
            share = max(share, 1 - max(0.0, left) / progress.seconds_budget)
        # A bar does not end its line: without padding the text after it would be cut off.
        bar = Padding(ProgressBar(total=1.0, completed=min(1.0, share)), 0)
        return Group(bar, grid)

    def _pace(self, progress: SearchProgress, now: float) -> str:
        """Return trials a minute, and how many workers there are."""
        parts = []
        begun, before = self._counted_from or (now, progress.n_trials)
        if now - begun >= PACE_SECONDS and progress.n_trials > before:
            parts.append(f"{60 * (progress.n_trials - before) / (now - begun):.0f} a minute")
        if progress.n_workers:
            parts.append(f"{progress.n_workers} worker{'' if progress.n_workers == 1 else 's'}")
        return "".join(f"  {each}" for each in parts)


def trial_line(result: TrialResult, metric: str) -> str:
    """Return a trial with its score and its settings as one line."""
    configuration = result.trial.configuration
    said = str(result.status) if result.score is None else f"{metric} {result.score:.5g}"
    if result.error and result.score is None:
        said = f"{said}: {' '.join(result.error.split())[:ERROR_SHOWN]}"
    settings = ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in configuration.items()
    )
    return (
        f"trial {result.trial.number} {configuration.family}, {said}, "
        f"{human_seconds(result.seconds)}, {result.trial.origin}: {settings}"
    )


def _told_of(result: TrialResult, style: str) -> Text:
    score = "-" if result.score is None else f"{result.score:.5g}"
    line = Text(score if result.succeeded else str(result.status), style=style)
    line.append(
        f"  {result.trial.configuration.family}  #{result.trial.number}"
        f"  {human_seconds(result.seconds)}",
        style="dim",
    )
    return line
