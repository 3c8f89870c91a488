"""What a retraining or a monitoring leaves in MLflow, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from espalier.infra.environment import quiet_environment
from espalier.infra.operations.dead_runs import MESSAGE, end_dead_mlflow_runs
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError
from espalier.tasks.monitoring.lifecycle_run import lifecycle_run

quiet_environment()

ROOT = Path(__file__).parents[3]
CHURN = RegisteredVersion(name="churn", version=1, alias=None, run_id=None, uri="models:/churn/1")
KILLED = """
import os, signal
from tests.tasks.monitoring.test_lifecycle_run import CHURN
from espalier.infra.settings import load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.tasks.monitoring.lifecycle_run import lifecycle_run
with lifecycle_run(Tracking(load_settings()), "retrain", CHURN, {"name": "churn"}):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"), tracking_uri=None, registry_uri=None)


def only_run(tracking, kind):
    condition = f"tags.`{run_tags.KIND}` = '{kind}'"
    (run,) = tracking.client.search_runs([tracking.experiment_id], filter_string=condition)
    return run


def test_one_that_ends_has_its_outcome(settings):
    tracking = Tracking(settings)
    with lifecycle_run(tracking, "monitor", CHURN, {"name": "churn", "query": None}) as record:
        record.conclude("healthy", {"drift": 0.1})
    run = only_run(tracking, "monitor")
    assert (run.info.status, run.data.tags[run_tags.OUTCOME]) == ("FINISHED", "healthy")
    assert run.data.params == {"name": "churn"}


def test_one_that_is_refused_says_why(settings):
    tracking = Tracking(settings)
    with (
        pytest.raises(UserError),
        lifecycle_run(tracking, "refusal", CHURN, {"name": "churn"}),
    ):
        raise UserError("the table is wrong")
    run = only_run(tracking, "refusal")
    assert (run.info.status, run.data.tags[run_tags.OUTCOME]) == ("FAILED", "refused")
    assert run.data.tags["error"] == "UserError: the table is wrong"


def test_one_whose_process_is_killed_is_ended_by_the_cleaning(settings):
    ended = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        check=False,
        timeout=300,
        env=os.environ | {"ESPALIER_HOME": str(settings.home), "PYTHONPATH": str(ROOT / "src")},
    )
    assert ended.returncode == -signal.SIGKILL
    tracking = Tracking(settings)
    run = only_run(tracking, "retrain")
    assert run.info.status == "RUNNING"
    assert end_dead_mlflow_runs(settings) == (run.info.run_id,)
    run = only_run(tracking, "retrain")
    assert (run.info.status, run.data.tags[run_tags.OUTCOME]) == ("KILLED", "failed")
    assert run.data.tags["error"] == MESSAGE
    assert end_dead_mlflow_runs(settings) == ()
