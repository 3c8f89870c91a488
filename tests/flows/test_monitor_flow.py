"""A champion watched on rows that came after it was trained."""

import numpy as np
import pytest

from espalier.flows.monitor_flow import monitor
from espalier.flows.train_flow import train
from espalier.infra.registry.registry import versions_of
from espalier.infra.settings import load_settings
from espalier.infra.tracking.artifacts import read_json_file
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tags import KIND
from espalier.pipelines.requests.monitor import MonitorRequest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NAME = "watched"


@pytest.fixture(scope="module")
def source(flow_home, visits, tmp_path_factory):
    """Where the model's training data are; the model is trained."""
    path = tmp_path_factory.mktemp("source") / "visits.csv"
    visits(250).to_csv(path, index=False)
    train(
        {
            "data": str(path),
            "target": "bought",
            "name": NAME,
            "trials": 2,
            "workers": 1,
            "families": "linear",
        }
    )
    return path


@pytest.fixture
def watch(source, tmp_path):
    """Monitor the model on a table."""

    def run(table, **options):
        path = tmp_path / "recent.csv"
        table.to_csv(path, index=False)
        return monitor(MonitorRequest.parse({"name": NAME, "data": str(path), **options}))

    return run


def n_versions():
    return len(versions_of(NAME, load_settings()))


def runs():
    client = make_client(load_settings())
    experiment = client.get_experiment_by_name("espalier").experiment_id
    return client.search_runs([experiment], filter_string=f"tags.`{KIND}` = 'monitor'")


def test_more_of_the_same_is_healthy(watch, visits):
    before = len(runs())
    report = watch(visits(150, seed=2))
    assert (report.verdict, report.reasons, report.retraining) == ("healthy", (), None)
    assert report.seen.n_labelled == 150
    assert report.seen.score.drop_interval[0] <= 0.0
    assert n_versions() == 1
    assert len(runs()) == before + 1
    kept = read_json_file(load_settings(), report.run_id, "monitor.json")
    assert kept["score"]["score"] == pytest.approx(report.seen.score.score)
    assert runs()[0].data.metrics["live_score"] == pytest.approx(report.seen.score.score)


def test_rows_of_the_training_are_not_scored(watch, visits):
    report = watch(visits(250))
    assert (report.seen.n_new, report.seen.n_labelled, report.seen.score) == (0, 0, None)


def test_a_world_that_has_turned_round_is_noticed(watch, visits):
    table = visits(150, seed=3)
    table["bought"] = np.where(table["bought"] == "yes", "no", "yes")
    table.loc[100:, "bought"] = np.nan
    report = watch(table, retrain=False)
    assert report.verdict == "retrain"
    assert report.seen.n_labelled == 100
    assert any("roc_auc" in reason for reason in report.reasons)
    assert report.retraining is None
    assert n_versions() == 1
    forgiving = watch(table, retrain=False, max_score_drop=1.0)
    assert not any("roc_auc" in reason for reason in forgiving.reasons)


def test_a_refused_retraining_is_told_and_fails_nothing(watch, source, visits):
    visits(300).drop(columns="weight").to_csv(source, index=False)
    report = watch(visits(150, seed=4, dearer=5.0).drop(columns="bought"))
    assert report.verdict == "retrain"
    assert report.retraining is None
    assert "weight" in report.refusal
    assert n_versions() == 1


def test_drift_without_labels_triggers_a_retraining(watch, source, visits):
    visits(300).to_csv(source, index=False)
    report = watch(visits(150, seed=4, dearer=5.0).drop(columns="bought"))
    assert report.seen.n_labelled == 0
    assert any(reason.startswith("'price': stability index") for reason in report.reasons)
    assert report.retraining.version == 2
    assert n_versions() == 2
    triggered = make_client(load_settings()).get_run(report.run_id).data.tags
    assert triggered["espalier.triggered"] == f"{NAME}/2"


def test_nothing_new_to_train_on_is_no_failure(watch, visits):
    report = watch(visits(150, seed=4, dearer=5.0))
    assert (report.verdict, report.retraining.changed) == ("retrain", False)
    assert n_versions() == 2


def test_the_parameters_are_a_described_form():
    from prefect.utilities.callables import parameter_schema

    fields = parameter_schema(monitor).model_dump()["definitions"]["MonitorRequest"]["properties"]
    assert all(field["title"] and field["description"] for field in fields.values())


def test_what_an_endpoint_was_asked_is_monitored(source, visits, tmp_path):
    from fastapi.testclient import TestClient

    from espalier.infra.web.endpoint.app import create_app
    from espalier.infra.web.endpoint.endpoint import Endpoint
    from espalier.infra.web.endpoint.options import EndpointOptions

    asked = visits(150, seed=9, dearer=4.0)
    endpoint = Endpoint(EndpointOptions(models=(NAME,), workers=0), load_settings())
    with TestClient(create_app(endpoint), base_url="http://127.0.0.1") as client:
        for number, row in enumerate(asked.drop(columns="bought").to_dict("records")):
            reply = client.post(
                f"/models/{NAME}/predict",
                json={"rows": [row]},
                headers={"X-Request-ID": f"v{number}"},
            )
            assert reply.status_code == 200, reply.text

    drifted = monitor(MonitorRequest(name=NAME, requests=True, retrain=False))
    assert (drifted.seen.n_rows, drifted.seen.n_labelled, drifted.seen.score) == (150, 0, None)
    assert drifted.verdict == "retrain"
    assert any("price" in reason for reason in drifted.reasons)

    labels = tmp_path / "labels.csv"
    numbers = [f"v{number}" for number in range(100)]
    asked.head(100)[["bought"]].assign(request=numbers).to_csv(labels, index=False)
    scored = monitor(
        MonitorRequest(name=NAME, requests=True, labels=str(labels), since="1d", retrain=False)
    )
    assert (scored.seen.n_rows, scored.seen.n_labelled) == (150, 100)
    assert scored.seen.score is not None
