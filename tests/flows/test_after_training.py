"""What can be done with a finished run: search on, verify it, remove its folder."""

import json

import pytest
from mlflow import MlflowClient

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ARGUMENTS = (
    "--target",
    "diagnosis",
    "--trials",
    "5",
    "--workers",
    "1",
    "--name",
    "tumours",
    "--families",
    "linear,bayes",
    "--seed",
    "3",
)


@pytest.fixture(scope="module")
def extended(tumours, tmp_path_factory, espalier_in):
    espalier = espalier_in(tmp_path_factory.mktemp("extend"))
    first, _ = espalier.train(tumours, *ARGUMENTS)
    more = ("tumours", "--extend", "10m", "--trials", "3", "--workers", "1")
    second, outcome = espalier.train(*more)
    return espalier, first, second, outcome


def test_trials_are_taken_over_and_more_are_run(extended):
    espalier, first, second, outcome = extended
    assert (second["version"], second["alias"]) == (2, "challenger")
    assert (second["n_resumed"], second["n_trials"]) == (5, 8)
    assert "5 trials taken over from the run that is extended" in " ".join(outcome.stdout.split())
    before = {row["trial"]: row["score"] for row in first["leaderboard"]}
    after = {row["trial"]: row["score"] for row in second["leaderboard"]}
    assert {trial: after[trial] for trial in before} == before
    logs = [log.read_text().splitlines() for log in espalier.home.glob("runs/*/trials.jsonl")]
    assert sorted(map(len, logs)) == [5, 8]
    assert len({json.loads(line)["trial"]["seed"] for log in logs for line in log}) == 8


def test_mlflow_has_each_trial_once_and_says_where_they_come_from(extended):
    espalier, first, second, _ = extended
    uri = f"sqlite:///{espalier.home / 'mlflow.db'}"
    client = MlflowClient(uri, registry_uri=uri)
    parent = client.get_run(second["run_id"])
    assert parent.data.tags["espalier.extends"] == first["run_id"]
    runs = client.search_runs([parent.info.experiment_id])
    assert len(runs) == 2 + 8
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_one_extension_follows_another(extended):
    espalier = extended[0]
    from espalier.flows.training.extension import continuation
    from espalier.infra.settings import Settings
    from espalier.pipelines.requests.extend import ExtendRequest

    settings = Settings(home=espalier.home, tracking_uri=None)
    newest = continuation(ExtendRequest(model="tumours", trials=1), settings)
    first = continuation(ExtendRequest(model="tumours@champion", trials=1), settings)
    assert first.extends is not None
    assert newest.extends not in (None, first.extends)
    assert (newest.seed, newest.families, newest.target) == (3, ("linear", "bayes"), "diagnosis")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody", "--extend", "1m"], "no model is called 'nobody'"),
        (["tumours", "--extend", "soon"], "'soon' is not a duration"),
        (["tumours", "--extend", "1m", "--families", "linear"], "--families cannot be changed"),
        (["tumours/7", "--extend", "1m"], "no version '7'"),
    ],
)
def test_what_cannot_be_extended_is_one_line(extended, arguments, says):
    outcome = extended[0].call("train", *arguments)
    assert outcome.exit_code == 2
    assert says in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_a_model_is_made_again_from_its_record(extended):
    outcome = extended[0].call("verify", "tumours/2")
    assert outcome.exit_code == 0, outcome.output
    assert "verdict: bit-identical" in outcome.stdout
    assert "no version differs" in outcome.stdout


def test_old_folders_go_and_what_is_needed_stays(extended):
    espalier = extended[0]
    (oldest,) = [
        each.parent
        for each in espalier.home.glob("runs/*/finished.json")
        if json.loads(each.read_text())["version"] == 1
    ]
    shown = espalier.call("clean", "--keep", "1", "--dry-run").stdout
    # Both versions have an alias, so both folders stay.
    assert "0 run folder(s) would be removed" in shown
    uri = f"sqlite:///{espalier.home / 'mlflow.db'}"
    MlflowClient(uri, registry_uri=uri).delete_registered_model_alias("tumours", "champion")
    assert oldest.name in espalier.call("clean", "--keep", "1", "--dry-run").stdout
    assert oldest.exists()
    assert "1 run folder(s) removed" in espalier.call("clean", "--keep", "1").stdout
    assert not oldest.exists()
    assert espalier.call("clean", "--keep", "0").exit_code == 2


def test_a_run_folder_that_is_gone_is_said(extended):
    outcome = extended[0].call("train", "tumours/1", "--extend", "1m")
    assert outcome.exit_code == 2
    assert "is gone" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_a_model_is_made_again_from_its_source_when_the_folder_is_gone(extended, tumours, tmp_path):
    espalier = extended[0]
    outcome = espalier.call("verify", "tumours/1")
    assert outcome.exit_code == 0, outcome.output
    assert f"table from {tumours}" in " ".join(outcome.stdout.split())
    changed = tmp_path / "changed.csv"
    changed.write_text("\n".join(tumours.read_text().splitlines()[:-1]) + "\n")
    refused = espalier.call("verify", "tumours/1", "--data", str(changed))
    assert refused.exit_code == 2
    assert "is not the one that model tumours/1 was trained on" in refused.stderr
