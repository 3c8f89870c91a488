"""Progress of a run on standard output: a live panel on a terminal, plain lines elsewhere."""

import time
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

# Plain output shows the state of the search at most this often, unless there is a new best.
PLAIN_SECONDS = 15.0


def open_console(title: str, console: Console) -> "LiveConsole | PlainConsole":
    """Return the live panel on a terminal, plain lines elsewhere."""
    return LiveConsole(title, console) if console.is_terminal else PlainConsole(title, console)


class PlainConsole:
    """Prints one line per event, after the seconds since the start."""

    def __init__(
        self, title: str, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._clock = clock
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
        """Print the state of the search for a new best trial, else at most every 15 seconds."""
        if progress.last is None:
            return
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
        self, title: str, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._title = safe_text(title)
        self._console = console
        self._clock = clock
        self._begun = self._phase_begun = clock()
        self._phase = "starting"
        self._ended: list[tuple[str, float]] = []
        self._progress: SearchProgress | None = None
        self._told = self._begun
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
        """Redraw with the new state."""
        self._progress, self._told = progress, self._clock()

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
        grid.add_row("trials", count)
        for label, result, style in (
            (f"best {progress.metric}", progress.best, "bold green"),
            ("last", progress.last, ""),
        ):
            if result is None:
                continue
            score = "-" if result.score is None else f"{result.score:.5g}"
            line = Text(score if result.succeeded else str(result.status), style=style)
            line.append(
                f"  {result.trial.configuration.family}  #{result.trial.number}"
                f"  {human_seconds(result.seconds)}",
                style="dim",
            )
            grid.add_row(label, line)
        if left < float("inf"):
            grid.add_row("time left", Text(human_seconds(max(0.0, left))))
        share = progress.share_done
        if 0 < progress.seconds_budget < float("inf"):
            share = max(share, 1 - max(0.0, left) / progress.seconds_budget)
        # A bar does not end its line: without padding the text after it would be cut off.
        bar = Padding(ProgressBar(total=1.0, completed=min(1.0, share)), 0)
        return Group(bar, grid)
