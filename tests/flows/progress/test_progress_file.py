"""The progress of a command, for whoever watches its file."""

import json

import pytest

from espalier.flows.progress.early_finish import ask_to_finish, is_asked_to_finish, until_told
from espalier.flows.progress.listeners import SearchProgress
from espalier.flows.progress.progress_file import (
    PROGRESS_VARIABLE,
    ProgressFile,
    read_progress,
    told_to_file,
)
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Heard:
    """A listener that notes what it is told."""

    def __init__(self):
        self.said = []

    def phase(self, name):
        self.said.append(name)

    def note(self, line):
        self.said.append(line)

    def warn(self, line):
        self.said.append(line)

    def searched(self, progress):
        self.said.append(progress.n_trials)


def progress(n_trials, score, *, is_new_best=True, seconds_left=40.0):
    trial = Trial(number=n_trials, configuration=Configuration.of("linear", {}), seed=0)
    best = TrialResult(trial=trial, status=TrialStatus.SUCCESS, score=score, fold_scores=(score,))
    return SearchProgress(
        metric="roc_auc",
        n_trials=n_trials,
        n_failed=1,
        n_wanted=None,
        best=best,
        last=best if is_new_best else TrialResult(trial=trial, status=TrialStatus.FAILED),
        seconds_left=seconds_left,
        seconds_budget=100.0,
    )


def test_the_file_says_what_the_terminal_says(tmp_path):
    clock, path = Clock(), tmp_path / "progress.json"
    file = ProgressFile(path, "churn.csv → churned", clock=clock)
    assert read_progress(path).phase == ""
    clock.now += 2
    file.phase("load")
    clock.now += 3
    file.phase("search")
    file.note("two columns are dropped")
    file.warn("postgresql://me:secret@db is slow")
    file.searched(progress(1, 0.8))
    file.searched(progress(2, 0.9))
    found = read_progress(path)
    assert found.phases == (("starting", 2.0), ("load", 3.0))
    assert (found.phase, found.phase_at) == ("search", 1005.0)
    assert found.lines[0] == ("note", "two columns are dropped")
    assert "secret" not in found.lines[1][1]
    assert found.bests == ((1, 0.8), (2, 0.9))
    assert (found.search.n_trials, found.search.best_family) == (2, "linear")
    assert found.search.share_done == pytest.approx(0.6)


def test_many_quick_trials_are_not_all_written_but_a_new_best_is(tmp_path):
    clock, path = Clock(), tmp_path / "progress.json"
    file = ProgressFile(path, "t", clock=clock)
    file.searched(progress(1, 0.8))
    file.searched(progress(2, 0.8, is_new_best=False))
    assert read_progress(path).search.n_trials == 1
    clock.now += 1
    file.searched(progress(3, 0.8, is_new_best=False))
    assert read_progress(path).search.n_trials == 3
    file.searched(progress(4, 0.9))
    assert read_progress(path).search.n_trials == 4


def test_a_search_past_its_end_has_no_time_left(tmp_path):
    path = tmp_path / "progress.json"
    ProgressFile(path, "t").searched(progress(1, 0.8, seconds_left=float("-inf")))
    json.loads(path.read_text(), parse_constant=pytest.fail)
    assert read_progress(path).search.seconds_left == 0.0


def test_a_file_that_cannot_be_written_disturbs_nothing(tmp_path):
    file = ProgressFile(tmp_path / "gone" / "progress.json", "t")
    file.phase("load")
    assert read_progress(tmp_path / "gone" / "progress.json") is None


def test_half_a_file_is_none(tmp_path):
    path = tmp_path / "progress.json"
    path.write_text('{"title": "t", "begun_at"')
    assert read_progress(path) is None


def test_who_watches_nothing_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv(PROGRESS_VARIABLE, raising=False)
    heard, deadline = Heard(), Deadline.after(60)
    assert told_to_file(heard, "t") is heard
    assert until_told(deadline) is deadline


def test_the_terminal_and_the_file_are_told_alike(tmp_path, monkeypatch):
    path = tmp_path / "progress.json"
    monkeypatch.setenv(PROGRESS_VARIABLE, str(path))
    heard = Heard()
    listener = told_to_file(heard, "t")
    listener.phase("search")
    listener.note("a")
    listener.warn("b")
    listener.searched(progress(1, 0.8))
    assert heard.said == ["search", "a", "b", 1]
    assert read_progress(path).lines == (("note", "a"), ("warning", "b"))


def test_a_search_ends_when_it_is_asked_to(tmp_path, monkeypatch):
    path = tmp_path / "progress.json"
    monkeypatch.setenv(PROGRESS_VARIABLE, str(path))
    whole = Deadline.after(600)
    end = until_told(whole).earlier(10)
    assert not end.passed
    assert 500 < end.seconds_left < 600
    ask_to_finish(path)
    assert is_asked_to_finish(path)
    assert end.passed
    assert not whole.passed  # what follows the search has its time


def test_a_search_without_a_time_limit_cannot_be_ended_early(tmp_path, monkeypatch):
    monkeypatch.setenv(PROGRESS_VARIABLE, str(tmp_path / "progress.json"))
    ask_to_finish(tmp_path / "progress.json")
    never, tested = Deadline.after(None), Deadline.after(10, clock=lambda: 5.0)
    assert until_told(never) is never
    assert until_told(tested) is tested
