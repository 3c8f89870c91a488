import io

import pytest
from rich.console import Console

from espalier.flows.progress.listeners import SearchProgress, Stopwatch, human_seconds, search_line
from espalier.flows.terminal.console import LiveConsole, PlainConsole, open_console
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def result(number=0, score=0.9, status=TrialStatus.SUCCESS):
    trial = Trial(number=number, configuration=Configuration.of("linear", {"c": 1}), seed=1)
    return TrialResult(trial=trial, status=status, score=score, score_std=0.1, seconds=1.5)


def progress(**changes):
    values = {
        "metric": "roc_auc",
        "n_trials": 3,
        "n_failed": 1,
        "n_wanted": None,
        "best": result(1),
        "last": result(2, 0.8),
        "seconds_left": 65.0,
        "seconds_budget": 130.0,
    }
    return SearchProgress(**(values | changes))


def test_the_line_says_trials_best_and_time_left():
    assert search_line(progress()) == "3 trials (1 failed), best roc_auc 0.9 (linear), 1m 05s left"


def test_the_line_without_a_time_budget_or_a_best():
    line = search_line(progress(best=None, n_wanted=8, n_failed=0, seconds_left=float("inf")))
    assert line == "3 of 8 trials"


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 0.5),
        ({"n_wanted": 4}, 0.75),
        ({"seconds_left": float("inf"), "seconds_budget": float("inf"), "n_wanted": 6}, 0.5),
        ({"seconds_left": -10.0}, 1.0),
    ],
)
def test_the_share_done_is_of_the_tighter_limit(changes, share):
    assert progress(**changes).share_done == pytest.approx(share)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4s"), (9.97, "10s"), (59.4, "59s"), (200, "3m 20s"), (3900, "1h 05m")],
)
def test_seconds_for_people(seconds, text):
    assert human_seconds(seconds) == text


def test_plain_lines_where_there_is_no_terminal():
    out, clock = io.StringIO(), Clock()
    console = Console(file=out, force_terminal=False, width=60)
    assert isinstance(open_console("churn", console), PlainConsole)
    with PlainConsole("churn [x] -> churned", console, clock) as listener:
        listener.phase("search")
        clock.now = 2.0
        best = result(1)
        listener.searched(progress(best=best, last=best))
        clock.now = 3.0
        listener.searched(progress())  # no new best, too soon
        clock.now = 30.0
        listener.searched(progress())
        listener.warn("look")
    lines = out.getvalue().splitlines()
    assert len(lines) == 6  # title twice (opened and entered), phase, two states, warning
    assert lines[1] == "[   0.0s] churn [x] -> churned"
    assert lines[3].startswith("[   2.0s]   3 trials")
    assert lines[5] == "[  30.0s] warning: look"


def test_the_panel_shows_phases_best_and_time_left():
    out, clock = io.StringIO(), Clock()
    console = Console(file=out, force_terminal=True, width=80, color_system=None)
    live = LiveConsole("churn [x]", console, clock)
    clock.now = 4.0
    live.phase("search")
    live.searched(progress())
    clock.now = 9.0
    console.print(live._render())
    text = out.getvalue()
    for piece in ("churn [x]", "✓ starting 4.0s", "search", "0.9", "#1", "1 failed", "1m 00s"):
        assert piece in text, piece
    # What shares a line with the bar is cut off on a terminal of colours.
    assert any(line.split()[1:3] == ["trials", "3"] for line in text.splitlines())


def test_the_stopwatch_sums_phases_up_to_the_total():
    phases = []

    class Nobody:
        def phase(self, name):
            phases.append(name)

    clock = Clock()
    watch = Stopwatch(Nobody(), started_at=8.0, clock=clock, wall_clock=lambda: 10.0)
    for name, seconds in [("load", 1.0), ("search", 5.0), ("load", 0.5)]:
        watch.phase(name)
        clock.now += seconds
    assert watch.seconds() == {"startup": 2.0, "load": 1.5, "search": 5.0, "total": 6.5}
    assert phases == ["load", "search", "load"]
