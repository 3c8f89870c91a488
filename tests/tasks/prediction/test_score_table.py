"""Batch scoring against a real registry, and the same model over HTTP."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from espalier.infra.environment import quiet_environment
from espalier.infra.network.ports import free_port, wait_until_answers
from espalier.infra.settings import load_settings
from espalier.pipelines.errors import DataRefusedError, MissingColumnsError, UserError
from espalier.pipelines.requests.predict import PredictRequest
from espalier.tasks.prediction import score_table as module
from espalier.tasks.prediction.score_table import score_table
from tests.table_files import write_table

quiet_environment()

N_ROWS = 90


def make_rows():
    rng = np.random.default_rng(0)
    number = rng.normal(size=N_ROWS)
    number[::9] = np.nan
    kind = rng.choice(["red", "green", "blue"], size=N_ROWS)
    return pd.DataFrame(
        {
            "customer": [f"{each:04d}" for each in range(N_ROWS)],
            "number": number,
            "whole": rng.integers(0, 50, size=N_ROWS),
            "code": rng.choice(["01", "02", "A3"], size=N_ROWS),
            "kind": kind,
            "bought": np.where(np.nan_to_num(number) + (kind == "red") > 0.5, "yes", "no"),
            "spent": np.nan_to_num(number) * 3 + (kind == "red"),
        }
    )


@pytest.fixture(scope="module")
def rows():
    return make_rows()


@pytest.fixture(scope="module")
def home(rows, tmp_path_factory):
    """A registry with a classifier ``shop`` and a regression ``money``."""
    from espalier.infra.registry.registry import register_version
    from espalier.infra.tracking.tracking import Tracking
    from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
    from espalier.pipelines.data.contract import infer_contract
    from espalier.pipelines.serving.saved_model import save_model

    home = tmp_path_factory.mktemp("home")
    features = rows[["number", "whole", "code", "kind"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESPALIER_HOME", str(home))
        tracking = Tracking(load_settings())
        for name, kind, target in (
            ("shop", AutoMLClassifier, "bought"),
            ("money", AutoMLRegressor, "spent"),
        ):
            estimator = kind(
                time_budget=None, n_trials=2, families=["linear", "bayes"], random_state=0
            )
            model = estimator.fit(features, rows[target]).model_
            folder = save_model(model, home / f"saved-{name}")
            run_id = tracking.start_run("training")
            suite = home / "validation.json"
            suite.write_text(infer_contract(rows, target=target).to_json())
            tracking.log_file(run_id, suite, "validation")
            register_version(
                tracking,
                name=name,
                run_id=run_id,
                folder=folder,
                example=features,
            )
        yield home


@pytest.fixture
def score(home, tmp_path, monkeypatch):
    """Score ``data`` with ``shop`` and return the record and the output."""
    monkeypatch.chdir(tmp_path)

    def call(data, out="out.csv", model="shop", **options):
        record = score_table(PredictRequest(data=str(data), model=model, out=out, **options))
        text = {"customer": str}
        return record, (
            pd.read_csv(out, dtype=text) if out.endswith("csv") else pd.read_parquet(out)
        )

    return call


@pytest.fixture
def chunked(monkeypatch):
    """Make chunks of seven rows."""
    from espalier.infra.tables import chunks

    monkeypatch.setattr(chunks.ChunkPlan, "rows", lambda self, n_columns: 7)


@pytest.fixture(scope="module")
def whole(home, rows):
    """What the model says of all rows at once."""
    from espalier.infra.registry.model_files import load
    from espalier.infra.registry.registry import resolve

    settings = load_settings()
    return load(resolve("shop", settings), settings).predict(rows)


def test_a_model_that_answers_otherwise_than_when_it_was_logged_is_refused(home, score, rows):
    import joblib

    from espalier.infra.registry.model_files import model_files
    from espalier.infra.registry.registry import resolve
    from espalier.pipelines.serving.model_check import ModelDiffersError
    from espalier.pipelines.serving.saved_model import GOLDEN_FILE

    rows.to_csv("in.csv", index=False)
    settings = load_settings()
    golden = model_files(resolve("shop", settings), settings).saved / GOLDEN_FILE
    kept = golden.read_bytes()
    asked, answers = joblib.load(golden)
    joblib.dump((asked, answers[:, ::-1]), golden)
    try:
        with pytest.raises(ModelDiffersError, match=r"shop/1 answers .*--on-difference warn"):
            score("in.csv")
        assert not Path("out.csv").exists()
        record, out = score("in.csv", on_difference="warn")
    finally:
        golden.write_bytes(kept)
    assert len(out) == N_ROWS
    assert any("differently than it did then" in line for line in record.warnings)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "feather"])
def test_chunks_are_scored_as_the_whole(score, chunked, whole, rows, ending):
    write_table(rows, f"in.{ending}")
    record, out = score(f"in.{ending}", proba=True)
    assert record.n_rows == N_ROWS
    assert record.model == "shop/1"
    assert record.warnings == ()
    assert list(out) == ["source", "row", "prediction", "proba_no", "proba_yes", "model"]
    assert set(out["source"]) == {f"in.{ending}"}
    assert list(out["row"]) == list(range(1, N_ROWS + 1))
    assert set(out["model"]) == {"shop/1"}
    assert list(out["prediction"]) == list(whole["prediction"])
    assert out["proba_yes"].to_numpy() == pytest.approx(whole["proba_yes"].to_numpy())


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_an_id_column_keeps_its_zeros(score, chunked, rows, out):
    rows.to_csv("in.csv", index=False)
    _, answers = score("in.csv", out, id_column="customer")
    assert list(answers) == ["customer", "prediction", "model"]
    assert list(answers["customer"]) == list(rows["customer"])


def test_files_of_a_pattern_and_not_the_earlier_output(score, chunked, whole, rows):
    rows.head(40).to_csv("2026-01.csv", index=False)
    rows.tail(50).to_csv("2026-02.csv", index=False)
    for _ in range(2):
        record, out = score("*.csv", out="out.csv")
        assert (record.n_rows, record.n_sources) == (N_ROWS, 2)
        assert list(out["prediction"]) == list(whole["prediction"])
        assert list(out["source"]) == ["2026-01.csv"] * 40 + ["2026-02.csv"] * 50
        assert list(out["row"]) == [*range(1, 41), *range(1, 51)]


def test_a_query(score, chunked, whole, rows):
    with sqlite3.connect("shop.db") as database:
        rows.to_sql("people", database, index=False)
    record, out = score("sqlite:///shop.db", query="select * from people order by customer")
    assert record.n_rows == N_ROWS
    assert list(out["prediction"]) == list(whole["prediction"])


def test_a_regression_has_predictions_and_no_probabilities(score, rows):
    rows.to_parquet("in.parquet")
    _, out = score("in.parquet", out="out.parquet", model="money")
    assert out["prediction"].dtype == np.float64
    with pytest.raises(UserError, match="leave --proba out"):
        score("in.parquet", model="money", proba=True)


def test_intervals_of_a_regression_are_written_and_served(score, chunked, home, rows):
    import mlflow.pyfunc

    from espalier.infra.registry.registry import resolve

    rows.to_csv("rows.csv", index=False)
    _, out = score("rows.csv", model="money", interval=0.8)
    assert list(out.columns) == ["source", "row", "prediction", "lower", "upper", "model"]
    assert (out["lower"] <= out["prediction"]).all()
    assert (out["prediction"] <= out["upper"]).all()
    assert rows["spent"].between(out["lower"], out["upper"]).mean() > 0.65
    settings = load_settings()
    mlflow.set_tracking_uri(settings.mlflow_uri)
    mlflow.set_registry_uri(settings.mlflow_registry_uri)
    opened = mlflow.pyfunc.load_model(resolve("money", settings).uri)
    features = rows[["number", "whole", "code", "kind"]]
    assert list(opened.predict(features).columns) == ["prediction"]
    bounded = opened.predict(features, params={"interval": 0.8})
    np.testing.assert_allclose(bounded["upper"], out["upper"], rtol=1e-4, atol=1e-4)
    outputs = opened.metadata.signature.outputs
    assert outputs.input_names() == ["prediction", "lower", "upper"]
    assert outputs.required_input_names() == ["prediction"]
    with pytest.raises(UserError, match="predicts classes"):
        score("rows.csv", interval=0.8)


def test_a_missing_column_in_a_later_file_is_found_before_any_is_scored(
    score, rows, monkeypatch, tmp_path
):
    rows.to_csv("1.csv", index=False)
    rows.drop(columns=["whole", "kind"]).to_csv("2.csv", index=False)
    monkeypatch.setattr(module, "_ids", None)  # nothing is scored
    with pytest.raises(MissingColumnsError, match=r"'2.csv' lacks 2.*'whole', 'kind'"):
        score("*.csv", out="out.parquet")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["1.csv", "2.csv"]


def test_another_type_is_a_warning(score, rows):
    rows.assign(whole=rows["whole"].map("about {}".format)).to_csv("in.csv", index=False)
    record, out = score("in.csv")
    assert len(out) == N_ROWS
    assert any("'whole'" in line and "numbers" in line for line in record.warnings)


def test_what_fails_in_the_middle_leaves_the_earlier_output(score, chunked, rows):
    rows.to_csv("in.csv", index=False)
    score("in.csv")
    with open("in.csv", "a") as file:
        file.write("1,2,3,4,5,6,7,8,9,10\n")
    with pytest.raises(UserError, match="line 92"):
        score("in.csv")
    assert len(pd.read_csv("out.csv")) == N_ROWS
    assert {each for each in os.listdir() if each != "in.csv"} == {"out.csv"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"data": "header.csv"}, "'header.csv' is empty"),
        ({"data": "no-*.csv"}, "no file matches"),
        ({"data": "in.csv", "id_column": "custmer"}, "did you mean 'customer'"),
        ({"data": "in.csv", "out": "out.xlsx"}, "must end in"),
        ({"data": "in.csv", "query": "select 1"}, "database URL"),
        ({"data": "id.csv", "id_column": "model"}, "'model' is also called"),
    ],
)
def test_faults_are_one_line_and_leave_nothing(score, rows, options, expected):
    rows.to_csv("in.csv", index=False)
    rows.assign(model=1).to_csv("id.csv", index=False)
    rows.head(0).to_csv("header.csv", index=False)
    with pytest.raises(UserError, match=expected):
        score(**options)
    assert sorted(os.listdir()) == ["header.csv", "id.csv", "in.csv"]


# --- over HTTP ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint(home):
    """``mlflow models serve`` of the champion; its address."""
    port = free_port()
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "mlflow",
                "models",
                "serve",
                "--model-uri",
                "models:/shop@champion",
                "--env-manager",
                "local",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--workers",
                "1",
            ],
            env=served_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            is_up = wait_until_answers(
                f"{url}/ping", seconds=300, alive=lambda: process.poll() is None
            )
            assert is_up, (home / "serve.log").read_text()
            yield f"{url}/invocations"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def served_environment():
    """Return the environment of a shell in which this interpreter's environment is active."""
    return {
        **os.environ,
        "MLFLOW_TRACKING_URI": load_settings().mlflow_uri,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def ask(endpoint, body):
    request = urllib.request.Request(
        endpoint, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return pd.DataFrame(json.load(reply)["predictions"])


def plain(rows):
    """Return the rows with None where a cell is missing, as JSON has it."""
    return rows.astype(object).where(rows.notna(), None)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records"])
@pytest.mark.parametrize("part", [slice(0, 1), slice(1, 2), slice(0, None)])
def test_the_served_model_answers_as_the_batch(endpoint, rows, whole, form, part):
    sent = plain(rows[["kind", "code", "whole", "number"]].iloc[part])  # in another order
    orient = form.removeprefix("dataframe_")
    body = {form: sent.to_dict(orient)}
    if orient == "split":
        del body[form]["index"]
    answer = ask(endpoint, body)
    expected = whole.iloc[part]
    assert list(answer["prediction"]) == list(expected["prediction"])
    assert answer["proba_yes"].to_numpy() == pytest.approx(expected["proba_yes"].to_numpy())


@pytest.mark.slow
def test_the_served_model_takes_nulls_and_values_never_seen(endpoint, rows):
    columns = ["number", "whole", "code", "kind"]
    nothing = [None] * 4
    strange = [1e9, -5, "Z9", "never seen"]
    answer = ask(endpoint, {"dataframe_split": {"columns": columns, "data": [nothing, strange]}})
    assert len(answer) == 2
    assert answer.filter(like="proba").sum(axis=1).to_numpy() == pytest.approx(1.0)


@pytest.mark.slow
def test_the_served_model_names_a_missing_column(endpoint, rows):
    sent = plain(rows[["number", "whole", "code"]].head(2))
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(endpoint, {"dataframe_records": sent.to_dict("records")})
    assert caught.value.code == 400
    assert "kind" in caught.value.read().decode()


# --- the suite of the training -------------------------------------------------------------


@pytest.fixture
def strange(rows, tmp_path):
    """Rows that the training's suite does not expect; what the model does not read is absent."""
    table = rows.drop(columns=["customer", "bought", "spent"]).assign(kind="purple")
    table.loc[:40, "whole"] = 5000
    path = tmp_path / "strange.csv"
    table.to_csv(path, index=False)
    return path


def test_rows_that_break_the_suite_are_warned_of(score, strange):
    record, out = score(strange)
    assert len(out) == record.n_rows == N_ROWS
    first, second = sorted(record.warnings)
    assert "'strange.csv'" in first or str(strange) in first
    assert "'kind' are among blue, green, red; 90 of 90 cells do not, such as purple" in first
    assert "'whole' are between" in second
    assert "41 of 90 cells do not" in second


def test_rows_that_break_the_suite_are_refused_if_asked_so(score, strange, tmp_path):
    with pytest.raises(DataRefusedError, match=r"'kind' are among .*'whole' are between"):
        score(strange, on_drift="refuse")
    assert not (tmp_path / "out.csv").exists()


def test_nobody_looks_if_asked_so(score, strange, monkeypatch):
    from espalier.infra.validation import expectations

    monkeypatch.delattr(expectations, "check_expectations")
    record, _ = score(strange, on_drift="ignore")
    assert record.warnings == ()


def test_a_later_chunk_is_checked_too_and_a_promise_told_once(score, rows, tmp_path, monkeypatch):
    from espalier.infra.tables import chunks

    monkeypatch.setattr(chunks.ChunkPlan, "rows", lambda self, n_columns: 30)
    table = rows.copy()
    table.loc[30:, "whole"] = 5000
    table.to_csv(tmp_path / "in.csv", index=False)
    record, _ = score(tmp_path / "in.csv")
    (line,) = record.warnings
    assert "'whole' are between" in line
    assert "30 of 30 cells do not" in line


def test_shares_are_not_judged_on_a_few_rows(score, strange, tmp_path):
    pd.read_csv(strange, dtype={"code": str}).head(5).to_csv(tmp_path / "few.csv", index=False)
    record, _ = score(tmp_path / "few.csv", on_drift="refuse")
    assert record.warnings == ()
