"""``--quiet``, ``--no-progress`` and ``--verbose``: what is said, and which command takes them."""

import io

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from espalier.flows.cli.app import app
from espalier.flows.terminal.console import (
    LiveConsole,
    PlainConsole,
    QuietConsole,
    open_console,
    trial_line,
)
from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import Verbosity, asked_verbosity, shows_progress
from tests.flows.terminal.test_console import Clock, progress, result


def asked_for(*arguments):
    heard = []
    own = typer.Typer()

    @own.command()
    @reports_errors
    @shows_progress
    def work(data: str, trials: int = 3) -> None:
        heard.append((data, trials, asked_verbosity()))

    ended = CliRunner().invoke(own, ["table.csv", *arguments])
    return heard, ended


@pytest.mark.parametrize(
    ("arguments", "verbosity"),
    [
        ([], Verbosity.NORMAL),
        (["--quiet"], Verbosity.QUIET),
        (["-q", "--no-progress"], Verbosity.QUIET),
        (["--no-progress"], Verbosity.LINES),
        (["-v"], Verbosity.VERBOSE),
    ],
)
def test_the_options_say_how_much_is_said(arguments, verbosity):
    heard, ended = asked_for("--trials", "5", *arguments)
    assert ended.exit_code == 0
    assert heard == [("table.csv", 5, verbosity)]
    assert asked_verbosity() is Verbosity.NORMAL  # only within the command


def test_quiet_and_verbose_contradict_each_other():
    heard, ended = asked_for("--quiet", "--verbose")
    assert ended.exit_code == 2
    assert heard == []


@pytest.mark.parametrize("name", ["train", "retrain", "promote", "predict", "monitor", "learn"])
def test_commands_that_run_a_flow_take_the_options(name):
    command = typer.main.get_command(app).commands[name]
    flags = [flag for each in command.params for flag in each.opts]
    for option in ("--quiet", "-q", "--no-progress", "--verbose", "-v"):
        assert flags.count(option) == 1, option


def test_what_was_asked_for_chooses_the_console():
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(open_console("t", terminal), LiveConsole)
    assert isinstance(open_console("t", terminal, Verbosity.VERBOSE), LiveConsole)
    assert isinstance(open_console("t", terminal, Verbosity.LINES), PlainConsole)
    assert isinstance(open_console("t", terminal, Verbosity.QUIET), QuietConsole)


def test_a_quiet_console_says_only_warnings():
    out = io.StringIO()
    with open_console("t", Console(file=out, width=60), Verbosity.QUIET) as listener:
        listener.phase("search")
        listener.note("a note")
        listener.searched(progress())
        listener.warn("look")
    assert out.getvalue() == "warning: look\n"


def test_a_verbose_console_has_a_line_for_each_trial_with_its_settings():
    out = io.StringIO()
    console = Console(file=out, force_terminal=False)
    with open_console("t", console, Verbosity.VERBOSE) as listener:
        for number in (4, 5):
            listener.searched(progress(best=None, last=result(number, 0.8)))
    lines = [line for line in out.getvalue().splitlines() if "trial " in line]
    assert [line.split("trial ")[1].split(",")[0] for line in lines] == ["4 linear", "5 linear"]
    assert "roc_auc 0.8" in lines[0]
    assert "c=1" in lines[0]


def test_a_trial_without_a_score_says_why():
    from espalier.pipelines.trials.trial import TrialStatus

    failed = result(3, None, TrialStatus.FAILED)
    assert "failed" in trial_line(failed, "roc_auc")


def test_the_panel_shows_trials_a_minute_workers_and_the_last_trials():
    out, clock = io.StringIO(), Clock()
    console = Console(file=out, force_terminal=True, width=90, color_system=None)
    live = LiveConsole("churn", console, clock)
    # Twenty trials of an interrupted run, which took no time of this one.
    live.searched(progress(n_trials=20, n_failed=0, last=None, n_workers=2))
    for number in range(3):
        clock.now += 4.0
        live.searched(
            progress(n_trials=21 + number, n_failed=0, last=result(20 + number, 0.7), n_workers=2)
        )
    console.print(live._render())
    text = out.getvalue()
    assert "15 a minute" in text
    assert "2 workers" in text
    for shown in ("#20", "#21", "#22"):
        assert shown in text
