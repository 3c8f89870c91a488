"""`espalier check`: its exit status, its table, and the failure that a schedule notices."""

import json
import sys

import joblib
import pytest

from espalier.infra.registry.model_files import model_files
from espalier.infra.registry.registry import register_version, resolve
from espalier.infra.settings import load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.automl.estimators import AutoMLClassifier
from espalier.pipelines.requests.check import CheckRequest
from espalier.pipelines.serving.model_check import ModelDiffersError
from espalier.pipelines.serving.saved_model import GOLDEN_FILE, save_model

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def shop(flow_home, visits, tmp_path_factory):
    """Two champions; return a function that changes the answers on record of one."""
    table = visits(80)
    features = table[["price", "weight"]]
    made = AutoMLClassifier(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    folder = save_model(
        made.fit(features, table["bought"]).model_, tmp_path_factory.mktemp("saved")
    )
    tracking = Tracking(load_settings())
    for name in ("shop", "store"):
        register_version(
            tracking,
            name=name,
            run_id=tracking.start_run("training"),
            folder=folder,
            example=features,
        )

    def change():
        settings = load_settings()
        golden = model_files(resolve("store", settings), settings).saved / GOLDEN_FILE
        rows, answers = joblib.load(golden)
        joblib.dump((rows, answers[:, ::-1]), golden)

    return change


def artifacts(key):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        )
    return [json.loads(each.data) for each in found]


def test_an_upgrade_that_changes_answers_is_noticed(
    shop, flow_home, tmp_path, monkeypatch, espalier_in
):
    from espalier.flows.check_flow import check

    told = tmp_path / "told.txt"
    script = tmp_path / "tell.py"
    script.write_text(f"import sys; open({str(told)!r}, 'a').write(sys.stdin.read())")
    monkeypatch.setenv("ESPALIER_NOTIFY", f"{sys.executable} {script}")
    command = espalier_in(tmp_path, {"ESPALIER_HOME": str(flow_home)})

    assert not check(CheckRequest()).distrusted
    fine = command.call("check")
    assert fine.exit_code == 0, fine.output
    assert "2 model(s) answer as when they were logged" in fine.output

    shop()
    with pytest.raises(ModelDiffersError, match=r"1 of 2 model\(s\).*store/1 different"):
        check(CheckRequest())
    assert "store/1 different" in told.read_text()
    rows = artifacts("check")
    verdicts = [{row["model"]: row["answers"] for row in table} for table in rows]
    assert {"shop/1": "same", "store/1": "different"} in verdicts
    wrong = command.call("check", "--json", "check.json")
    assert wrong.exit_code == 1, wrong.output
    assert "store/1" in wrong.output
    said = json.loads((tmp_path / "check.json").read_text())
    assert (said["ok"], said["models"][0]["model"]) == (False, "store/1")
    assert command.call("check", "shop").exit_code == 0
