"""Experience from the command line: recorded on two tables, stopped, continued, learned, used."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from espalier.pipelines.experience.recording.store import ExperienceStore

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N = 12


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Two tiny tables: where a line separates the classes, and where a ring does."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 4)).round(3)
    for name, y in (("line", x[:, 0] + x[:, 1] > 0.3), ("ring", (x[:, :2] ** 2).sum(axis=1) > 1.5)):
        frame = pd.DataFrame(x, columns=list("abcd"))
        frame["y"] = np.where(y ^ (rng.random(160) < 0.05), "yes", "no")
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "index.csv").write_text("name,task,target\nline,binary,y\nring,binary,y\n")
    return folder


@pytest.fixture(scope="module")
def built(tables, tmp_path_factory, espalier_in):
    espalier = espalier_in(tmp_path_factory.mktemp("experience"))
    store = espalier.folder / "experience.parquet"
    command = (
        "experience",
        "build",
        tables,
        "--configurations",
        N,
        "--store",
        store,
        "--folds",
        "2",
        "--workers",
        "2",
        "--seconds-per-trial",
        "20",
    )
    # Killed after its first batch; then continued with the same command.
    killed = espalier.start(*command)
    while not store.exists() and killed.poll() is None:
        time.sleep(0.1)
    assert killed.poll() is None, killed.communicate()
    killed.kill()
    killed.communicate(timeout=60)
    n_first = len(ExperienceStore(store).read())
    return espalier, store, n_first, espalier.run(*command)


def test_a_build_that_was_killed_is_continued(built):
    _, store, n_first, second = built
    assert 0 < n_first < 2 * N
    assert second.returncode == 0, second.stderr + second.stdout
    knowledge = ExperienceStore(store).read()
    assert {each[0].dataset.name: len(each) for each in knowledge.by_dataset.values()} == {
        "line": N,
        "ring": N,
    }
    assert f"{2 * N - n_first} trials recorded" in second.stdout
    for records in knowledge.by_dataset.values():
        assert [each.result.trial.number for each in records] == list(range(N))
        assert len({each.result.trial.configuration.family for each in records}) == 10
        assert sum(each.result.succeeded for each in records) >= N - 2
    names = [each.dataset.key for each in knowledge.records]
    assert len(set(names)) == 2


def test_mlflow_has_one_run_a_table_and_one_a_trial(built):
    espalier, store = built[:2]
    uri = f"sqlite:///{espalier.home / 'mlflow.db'}"
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("espalier")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    parents = [run for run in runs if run.data.tags.get("espalier.kind") == "experience"]
    assert sorted(run.info.run_name for run in parents) == ["experience line", "experience ring"]
    assert all(run.info.status == "FINISHED" for run in parents)
    assert all(run.data.metrics["n_trials"] == N for run in parents)
    for parent in parents:
        own = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        assert len(own) == N
    scores = sorted(
        run.data.metrics["score"]
        for run in runs
        if "score" in run.data.metrics and "mlflow.parentRunId" in run.data.tags
    )
    recorded = sorted(
        each.result.score for each in ExperienceStore(store).read().records if each.result.succeeded
    )
    assert scores == pytest.approx(recorded)


def test_a_done_build_does_nothing_more(built, tables):
    espalier, store, *_ = built
    before = store.read_bytes()
    again = espalier.run(
        "experience",
        "build",
        tables,
        "--configurations",
        N,
        "--store",
        store,
        "--folds",
        "2",
        "--workers",
        "1",
        "--hours",
        "1",
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("0 trials recorded") == 1
    assert store.read_bytes() == before


def test_a_training_tries_first_what_did_well_and_says_what_was_expected(built, tables):
    espalier, store, *_ = built
    fitted = espalier.folder / "fitted"
    outcome = espalier.call("experience", "fit", "--store", store, "--out", fitted)
    assert outcome.exit_code == 0, outcome.output
    assert "the predictor is off: fewer than 3 datasets" in outcome.output
    espalier.environ["ESPALIER_EXPERIENCE"] = str(fitted)
    report, _ = espalier.train(
        tables / "ring.csv", "--target", "y", "--trials", "8", "--workers", "2", "--name", "warm"
    )
    origins = [row["origin"] for row in sorted(report["leaderboard"], key=lambda row: row["trial"])]
    assert origins[:4] == ["warm_start"] * 4
    said = [line for line in report["notes"] if line.startswith(("experience:", "expected"))]
    assert "most like ring, line" in said[0]
    assert "rank correlation" in said[1]
    client = MlflowClient(f"sqlite:///{espalier.home / 'mlflow.db'}")
    path = client.download_artifacts(report["run_id"], "experience.json")
    with open(path) as file:
        record = json.load(file)
    assert record["similar_datasets"][0]["name"] == "ring"
    tried = [each for each in record["first"] if each["observed"] is not None]
    assert len(tried) >= 4
    run = client.get_run(report["run_id"])
    assert run.data.metrics["experience_rank_correlation"] == record["rank_correlation"]


def test_a_folder_without_experience_is_refused(built):
    espalier = built[0]
    missing = espalier.call("experience", "fit", "--store", "none.parquet", "--out", "fitted")
    assert missing.exit_code == 2
    wrong = espalier.call("experience", "build", espalier.folder, "--store", "x.parquet")
    assert wrong.exit_code == 2
