"""PostgreSQL as MLflow's store, as Prefect's database and as the source of the data."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from espalier.infra.network.ports import free_port, wait_until_answers

pytestmark = [pytest.mark.postgres, pytest.mark.cluster, pytest.mark.slow]

SCRIPT = Path(__file__).parents[2] / "infra" / "deploy" / "postgres.sh"
AT_ONCE = 4


@pytest.fixture(scope="module")
def postgres():
    """Start a private PostgreSQL; return the variables that its script prints."""
    pytest.importorskip("psycopg2", reason="the driver psycopg2 is not installed")
    started = subprocess.run(
        [str(SCRIPT), "start"], capture_output=True, text=True, check=False, timeout=300
    )
    if started.returncode:
        pytest.skip(f"no PostgreSQL: {started.stderr.strip()}")
    variables = dict(re.findall(r"export (\w+)=(\S+)", started.stdout))
    yield variables
    subprocess.run([str(SCRIPT), "stop", variables["POSTGRES_FOLDER"]], check=True)


@pytest.fixture(scope="module")
def stores(postgres):
    """Return the variables that make both stores PostgreSQL."""
    named = ("MLFLOW_TRACKING_URI", "PREFECT_SERVER_DATABASE_CONNECTION_URL")
    return {name: postgres[name] for name in named}


@pytest.fixture(scope="module")
def password(postgres):
    return re.search(r":(\w+)@", postgres["MLFLOW_TRACKING_URI"])[1]


@pytest.fixture(scope="module")
def source(postgres, tumours):
    """Return the URL of a database with the table in it."""
    import sqlalchemy as sa

    engine = sa.create_engine(postgres["POSTGRES_DATA_URL"])
    pd.read_csv(tumours).to_sql("tumours", engine, index=False, if_exists="replace")
    engine.dispose()
    return postgres["POSTGRES_DATA_URL"]


def rows(postgres, database, query):
    """Return what ``query`` selects from one of the cluster's databases."""
    import sqlalchemy as sa

    url = sa.make_url(postgres["POSTGRES_DATA_URL"]).set(database=database)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query).fetchall()
    engine.dispose()
    return [tuple(row) for row in found]


def everything_in(postgres, database):
    """Return the text of all rows of all tables."""
    tables = rows(
        postgres,
        database,
        "select table_name from information_schema.tables where table_schema = 'public'",
    )
    return "\n".join(
        text
        for (table,) in tables
        for (text,) in rows(postgres, database, f'select cast(t as text) from "{table}" t')
    )


@pytest.fixture(scope="module")
def trained(stores, source, tmp_path_factory, espalier_in):
    """Train once, everything in PostgreSQL; an own Prefect server on its database."""
    espalier = espalier_in(tmp_path_factory.mktemp("postgres"), stores)
    report, outcome = espalier.train(
        source,
        "--query",
        "select * from tumours",
        "--target",
        "diagnosis",
        "--name",
        "alone",
        "--trials",
        "3",
        "--families",
        "linear,bayes",
        "--workers",
        "1",
    )
    return espalier, report, outcome


def test_mlflow_and_prefect_hold_the_run(trained, postgres):
    _, report, _ = trained
    states = rows(postgres, "mlflow", "select status, count(*) from runs group by 1")
    assert states == [("FINISHED", 4)]
    assert rows(postgres, "mlflow", "select name, version from model_versions") == [("alone", 1)]
    flow_runs = rows(postgres, "prefect", "select state_type::text, name from flow_run")
    assert flow_runs == [("COMPLETED", "train alone")]
    kept = rows(postgres, "prefect", "select key from artifact where key is not null")
    assert {"leaderboard", "validation", "model"} <= {key for (key,) in kept}
    assert report["n_trials"] == 3


def test_no_sqlite_was_made_and_artifacts_are_in_the_home_folder(trained):
    espalier, _, _ = trained
    assert not list(espalier.folder.rglob("*.db"))
    assert list((espalier.home / "artifacts").rglob("model.joblib"))
    assert {path.name for path in espalier.folder.iterdir()} == {"home", "out.json"}


def test_the_registered_model_predicts(trained, source):
    espalier, _, _ = trained
    outcome = espalier.run(
        "predict",
        source,
        "--query",
        "select * from tumours limit 9",
        "--model",
        "alone",
        "--out",
        "out.csv",
    )
    assert outcome.returncode == 0, outcome.stderr
    assert len(pd.read_csv(espalier.folder / "out.csv")) == 9


def test_the_password_is_nowhere(trained, postgres, password):
    espalier, _, outcome = trained
    assert password not in outcome.stdout + outcome.stderr
    holding = [
        path
        for path in espalier.folder.rglob("*")
        if path.is_file() and password.encode() in path.read_bytes()
    ]
    assert holding == []
    for database in ("mlflow", "prefect"):
        text = everything_in(postgres, database)
        assert "alone" in text
        assert password not in text


def test_four_trainings_at_once_lose_nothing(
    stores, postgres, tumours, tmp_path_factory, espalier_in
):
    """One Prefect server on PostgreSQL, one MLflow database, four processes."""
    folder = tmp_path_factory.mktemp("four")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = (folder / "server.log").open("wb")
    espalier = espalier_in(folder, stores | {"PREFECT_API_URL": url})
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "espalier.infra.orchestration.server_process",
            "--port",
            str(port),
            "--mark",
            str(folder / "tables"),
        ],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=_server_environment(espalier, postgres),
    )
    try:
        assert wait_until_answers(f"{url}/health", seconds=180, alive=lambda: server.poll() is None)
        running = [
            espalier.start(
                "train",
                tumours,
                "--target",
                "diagnosis",
                "--name",
                "shared",
                "--seed",
                seed,
                "--trials",
                "2",
                "--families",
                "linear,bayes",
                "--workers",
                "1",
                "--json",
                f"{seed}.json",
            )
            for seed in range(AT_ONCE)
        ]
        said = [process.communicate(timeout=590) for process in running]
    finally:
        server.stdin.close()
        server.wait(60)
        log.close()
    assert [process.returncode for process in running] == [0] * AT_ONCE, said
    reports = [json.loads((folder / f"{seed}.json").read_text()) for seed in range(AT_ONCE)]
    assert sorted(report["version"] for report in reports) == [1, 2, 3, 4]
    for report in reports:
        # The parent is finished, and each trial is there once, finished, with its score.
        nested = rows(postgres, "mlflow", _NESTED.format(parent=report["run_id"]))
        assert sorted(int(trial) for _, trial, _ in nested) == [0, 1]
        assert {status for status, _, _ in nested} == {"FINISHED"}
        scores = {int(trial): value for _, trial, value in nested}
        logged = {row["trial"]: row["score"] for row in report["leaderboard"]}
        assert scores == pytest.approx(logged)
    parents = ", ".join(f"'{report['run_id']}'" for report in reports)
    ended = rows(postgres, "mlflow", f"select status from runs where run_uuid in ({parents})")
    assert ended == [("FINISHED",)] * AT_ONCE
    aliases = rows(
        postgres, "mlflow", "select alias from registered_model_aliases where name = 'shared'"
    )
    assert aliases.count(("champion",)) == 1
    flow_runs = rows(
        postgres, "prefect", "select state_type::text from flow_run where name = 'train shared'"
    )
    assert flow_runs == [("COMPLETED",)] * AT_ONCE


_NESTED = """
select runs.status, trial.value, score.value
from tags parent
join runs on runs.run_uuid = parent.run_uuid
join tags trial on trial.run_uuid = runs.run_uuid and trial.key = 'espalier.trial'
join metrics score on score.run_uuid = runs.run_uuid and score.key = 'score'
where parent.key = 'mlflow.parentRunId' and parent.value = '{parent}'
"""


def _server_environment(espalier, postgres):
    """Return the environment of a server that the user has started: Prefect's other name."""
    import os

    kept = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    return kept | {
        "PYTHONPATH": espalier.whole_environ["PYTHONPATH"],
        "PREFECT_API_DATABASE_CONNECTION_URL": postgres["PREFECT_SERVER_DATABASE_CONNECTION_URL"],
    }
