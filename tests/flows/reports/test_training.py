import io
import json
import math

from rich.console import Console

from espalier.flows.cli.views.training_summary import print_summary
from espalier.flows.reports.training import TrainReport
from espalier.infra.places import write_json
from espalier.pipelines.explain.leaderboard import make_leaderboard
from espalier.pipelines.finishing.prefer import FrontPoint
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.failures import failures_of
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

METRIC = get_metric("roc_auc", ProblemKind.BINARY, 2)


def result(
    number, family="linear", score=None, status=TrialStatus.SUCCESS, error=None, origin="random"
):
    configuration = Configuration.of(family, {"c": number})
    trial = Trial(number=number, configuration=configuration, seed=1, origin=origin)
    std = None if score is None else 0.01
    return TrialResult(trial=trial, status=status, score=score, score_std=std, error=error)


HISTORY = History(METRIC).extend(
    [
        result(0, score=0.8),
        result(1, score=0.9),
        result(2, "svm", status=TrialStatus.TIMEOUT, error="stopped after 3 s"),
        result(3, "svm", status=TrialStatus.TIMEOUT, error="stopped after 4 s"),
        result(4, "knn", status=TrialStatus.FAILED, error="ValueError: [bad] value"),
    ]
)


def report(**changes):
    values = {
        "model": "my churn",
        "version": 3,
        "alias": "challenger",
        "uri": "models:/churn/3",
        "run_id": "abc",
        "task": "binary",
        "metric": "roc_auc",
        "higher_is_better": True,
        "holdout_score": 0.87654321,
        "holdout_interval": (0.8, 0.95),
        "n_holdout": 1200,
        "cv_score": 0.9,
        "baseline_score": 0.5,
        "ensemble": "stagewise",
        "n_trials": 5,
        "n_failed": 3,
        "n_resumed": 2,
        "seconds": {"startup": 4.0, "total": 61.2},
        "leaderboard": make_leaderboard(HISTORY, {1: 0.7, 0: 0.3}),
        "failures": failures_of(HISTORY),
        "notes": (),
    }
    return TrainReport(**(values | changes))


def shown(**changes):
    out = io.StringIO()
    print_summary(Console(file=out, width=90), report(**changes), data="my data.csv")
    return out.getvalue()


def test_failures_are_counted_by_family_and_kind_with_the_first_reason():
    kinds = [(each.family, each.status, each.count, each.reason) for each in failures_of(HISTORY)]
    assert kinds == [
        ("svm", "timeout", 2, "stopped after 3 s"),
        ("knn", "failed", 1, "ValueError: [bad] value"),
    ]


def test_the_front_is_shown_and_written_with_what_was_chosen():
    point = FrontPoint(
        name="trial 7 lightgbm, 0.25 of the rounds of trial 3",
        trial=7,
        score=0.89,
        latency=0.5,
        size=math.inf,
        operations=1200.0,
        chosen=True,
    )
    text = shown(front=(point,))
    assert "no other model is as good in all of them" in text
    assert "0.25 of the rounds" in text
    assert "1,200" in text
    record = report(front=(point,)).to_dict()
    assert record["front"][0]["chosen"] is True
    assert record["front"][0]["size"] is None  # not known
    assert "no other model is as good" not in shown()


def test_the_summary_says_what_counts():
    text = shown()
    for piece in (
        "my churn version 3 is challenger",
        "0.87654",
        "0.8 to 0.95",
        "1,200 rows",
        "higher is better",
        "stagewise of 2 models",
        "3 without a score",
        "2 taken over",
        "1m 01s + 4.0s to start",
        "[bad] value",
    ):
        assert piece in text, piece


def test_the_summary_says_what_was_stopped_early_who_proposed_and_how_ascent_did():
    raced = History(METRIC).extend(
        [
            result(0, score=0.8, origin="default"),
            result(1, score=0.9, origin=ASCENT),
            result(2, status=TrialStatus.PRUNED, origin=ASCENT),
            result(3, status=TrialStatus.PRUNED, origin=CANDIDATES),
        ]
    )
    changes = {
        "leaderboard": make_leaderboard(raced),
        "failures": failures_of(raced),
        "n_trials": 4,
        "n_failed": 0,
    }
    text = shown(**changes)
    for piece in (
        "4, 2 stopped early as clearly worse",
        "in 2 of 3 proposals",
        "predictor, by ascent 2, defaults 1, predictor, by chance 1",
    ):
        assert piece in text, piece
    assert "without a score" not in text
    assert report(**changes).figures["n_pruned"] == 2


def test_the_next_lines_can_be_copied():
    lines = shown().splitlines()
    command = "espalier predict 'my data.csv' --model 'my churn/3' --out predictions.csv"
    assert any(line.endswith(command) for line in lines)
    champion = shown(alias="champion").splitlines()
    assert any("--model 'my churn' --out" in line for line in champion)


def test_the_next_lines_name_a_program_that_the_shell_finds(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv" / "bin" / "espalier"), "train"])
    assert " .venv/bin/espalier predict 'my data.csv'" in shown()


def test_the_best_row_is_first():
    lines = [line.split() for line in shown().splitlines()]
    rows = [line[:2] for line in lines if line[1:2] == ["linear"]]
    assert rows == [["1", "linear"], ["0", "linear"]]


def test_the_json_is_strict_and_complete(tmp_path):
    path = tmp_path / "new" / "out.json"
    write_json(path, report(cv_score=math.nan).to_dict())
    record = json.loads(path.read_text())
    assert record["cv_score"] is None
    assert record["holdout_interval"] == [0.8, 0.95]
    assert record["seconds"] == {"startup": 4.0, "total": 61.2}
    assert [row["trial"] for row in record["leaderboard"]] == [1, 0, 2, 3, 4]
    assert record["leaderboard"][0]["configuration"] == {"family": "linear", "values": {"c": 1}}
