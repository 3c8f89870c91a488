"""Progress of ``fit``: one panel that is redrawn in a notebook, a line for each trial elsewhere.

Nothing is written with carriage returns: what a notebook saves, or a log keeps, stays readable.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from html import escape
from typing import Any, Protocol

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.trials.progress_line import print_trial
from espalier.pipelines.trials.trial import TrialOutcome, TrialResult

REFRESH_SECONDS = 0.5
LAST_SHOWN = 5

Heard = Callable[[TrialOutcome], None]


class Handle(Protocol):
    """A place in a notebook whose content can be replaced."""

    def update(self, content: Any) -> None:
        """Replace what is shown."""


@contextmanager
def shown_trials(metric: Metric, budget: Budget, *, verbose: int) -> Iterator[Heard | None]:
    """Yield what to call with every trial's outcome; None where nothing is to be shown.

    Parameters
    ----------
    metric : Metric
        The metric of the scores.
    budget : Budget
        What the search may take.
    verbose : int
        0 for nothing.
    """
    if not verbose:
        yield None
        return
    if not in_notebook():
        yield partial(print_trial, metric.name)
        return
    panel = TrialPanel(metric, budget, _place())
    try:
        yield panel.heard
    finally:
        panel.end()


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook, which shows HTML."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _place() -> Handle:
    from IPython.display import HTML, display

    handle = display(HTML(""), display_id=True)

    class Place:
        def update(self, content: str) -> None:
            handle.update(HTML(content))

    return Place()


class TrialPanel:
    """The state of a search as a small piece of HTML.

    Parameters
    ----------
    metric : Metric
        The metric of the scores.
    budget : Budget
        What the search may take.
    place : Handle
        Where the panel is shown.
    clock : callable
        Returns seconds since an arbitrary moment.
    """

    def __init__(
        self,
        metric: Metric,
        budget: Budget,
        place: Handle,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metric = metric
        self._budget = budget
        self._place = place
        self._clock = clock
        self._begun = clock()
        self._drawn = float("-inf")
        self._count = self._failed = 0
        self._best: TrialResult | None = None
        self._last: deque[TrialResult] = deque(maxlen=LAST_SHOWN)

    def heard(self, outcome: TrialOutcome) -> None:
        """Take in a trial, and redraw unless that was done a moment ago."""
        result = outcome.result
        self._count += 1
        self._failed += result.score is None
        self._last.appendleft(result)
        if result.succeeded and (self._best is None or self._better(result, self._best)):
            self._best = result
        if self._clock() - self._drawn >= REFRESH_SECONDS:
            self._draw("searching")

    def end(self) -> None:
        """Draw the final state."""
        self._draw("searched")

    def _better(self, one: TrialResult, other: TrialResult) -> bool:
        assert one.score is not None  # both succeeded
        assert other.score is not None
        return self._metric.sign * (one.score - other.score) > 0

    def _draw(self, state: str) -> None:
        self._drawn = self._clock()
        self._place.update(self.html(state))

    def html(self, state: str) -> str:
        """Return the panel; colours are those of the page around it."""
        seconds = self._clock() - self._begun
        rate = f"{60 * self._count / seconds:.0f} a minute" if seconds >= 1 else ""
        head = [f"{state} {seconds:.0f} s", f"{self._count} trials", rate]
        if self._failed:
            head.append(f"{self._failed} without a score")
        share = self._share(seconds)
        bar = ""
        if share is not None and state == "searching":
            bar = (
                '<div style="background:rgba(127,127,127,.25);border-radius:3px;height:5px;'
                f'margin:4px 0"><div style="width:{share:.0%};height:5px;border-radius:3px;'
                'background:#3f9263"></div></div>'
            )
        best = "" if self._best is None else f"<b>best {self._line(self._best)}</b><br>"
        last = "<br>".join(self._line(each) for each in self._last)
        return (
            '<div style="font-family:system-ui,sans-serif;font-size:13px;max-width:40em">'
            f"{' · '.join(each for each in head if each)}{bar}{best}"
            f'<span style="opacity:.65">{last}</span></div>'
        )

    def _line(self, result: TrialResult) -> str:
        score = str(result.status) if result.score is None else f"{result.score:.5g}"
        name = f"{self._metric.name} " if result.score is not None else ""
        family = result.trial.configuration.family
        return escape(
            f"{name}{score}  {family} (trial {result.trial.number}, {result.seconds:.1f} s)"
        )

    def _share(self, seconds: float) -> float | None:
        """Return the share of the budget that is used, in [0, 1]; None without a limit."""
        shares = []
        if self._budget.trials:
            shares.append(self._count / self._budget.trials)
        if self._budget.seconds:
            shares.append(seconds / self._budget.seconds)
        return min(1.0, max(shares)) if shares else None
