"""A run that is killed in the middle of its search continues with the same command."""

import json
import sqlite3
import time

import pytest
from mlflow import MlflowClient

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N_TRIALS = 10
ARGUMENTS = (
    "--target",
    "diagnosis",
    "--trials",
    str(N_TRIALS),
    "--workers",
    "1",
    "--name",
    "tumours",
    "--families",
    "linear,bayes,extra_trees",
)


@pytest.fixture(scope="module")
def resumed(tumours, tmp_path_factory, espalier_in):
    espalier = espalier_in(tmp_path_factory.mktemp("resume"))
    process = espalier.start("train", tumours, *ARGUMENTS)
    try:
        n_before = wait_for_trials(espalier, process, at_least=3)
    finally:
        process.kill()  # SIGKILL: nothing is tidied up
        process.wait()
    report, outcome = espalier.train(tumours, *ARGUMENTS)
    return espalier, report, outcome, n_before


def wait_for_trials(espalier, process, *, at_least):
    """Wait until the trial log has so many lines; return how many there are."""
    for _ in range(1200):
        lines = [
            line
            for log in espalier.home.glob("runs/*/trials.jsonl")
            for line in log.read_text().splitlines()
        ]
        if len(lines) >= at_least:
            assert len(lines) < N_TRIALS, "the run was over before it could be killed"
            return len(lines)
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError("no trial ended")


def test_finished_trials_are_taken_over(resumed):
    _, report, _, n_before = resumed
    assert report["n_resumed"] >= n_before
    assert report["n_resumed"] < N_TRIALS
    assert report["n_trials"] == N_TRIALS


def test_no_trial_is_run_twice(resumed):
    espalier = resumed[0]
    (log,) = espalier.home.glob("runs/*/trials.jsonl")
    numbers = [json.loads(line)["trial"]["number"] for line in log.read_text().splitlines()]
    assert sorted(numbers) == list(range(N_TRIALS))


def test_mlflow_holds_one_parent_and_no_duplicates(resumed):
    espalier, report, _, _ = resumed
    uri = f"sqlite:///{espalier.home / 'mlflow.db'}"
    client = MlflowClient(uri, registry_uri=uri)
    experiment = client.get_run(report["run_id"]).info.experiment_id
    runs = client.search_runs([experiment])
    assert len(runs) == 1 + N_TRIALS
    assert {run.info.status for run in runs} == {"FINISHED"}
    trials = [run.data.tags["espalier.trial"] for run in runs if "espalier.trial" in run.data.tags]
    assert sorted(map(int, trials)) == list(range(N_TRIALS))


def test_prefect_does_not_show_the_killed_run_as_running(resumed):
    with sqlite3.connect(resumed[0].prefect_database) as database:
        states = [kind for (kind,) in database.execute("select state_type from flow_run")]
    assert sorted(states) == ["COMPLETED", "CRASHED"]


def test_it_ends_as_if_it_had_not_been_killed(resumed, tumours, tmp_path, espalier_in):
    _, report, _, _ = resumed
    whole, _ = espalier_in(tmp_path).train(tumours, *ARGUMENTS)
    assert whole["n_resumed"] == 0
    assert scores_of(whole) == scores_of(report)
    assert whole["holdout_score"] == report["holdout_score"]


def scores_of(report):
    return {
        row["trial"]: (row["family"], row["score"], row["weight"]) for row in report["leaderboard"]
    }
