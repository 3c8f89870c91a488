"""``espalier forget`` on a real MLflow and a real Prefect."""

import pytest
from typer.testing import CliRunner

from espalier.flows.cli.app import app
from espalier.infra.settings import load_settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def trained(flow_home):
    """A run of a training, and the pages that it and another model's left in Prefect."""
    from prefect import flow
    from prefect.artifacts import create_markdown_artifact

    tracking = Tracking(load_settings())
    run_id = tracking.start_run("churn", tags={run_tags.MODEL: "churn"})
    tracking.log_text(run_id, "Miller-Smith", "reference/rows.parquet")
    tracking.finish_run(run_id)

    @flow
    def tell():
        for key in ("validation", "model"):
            create_markdown_artifact("Miller-Smith", key=key)

    for name in ("train churn", "train churners"):
        tell.with_options(flow_run_name=name)()
    return run_id


def pages():
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return sorted(each.key for each in client.read_artifacts())


def forget(flow_home, monkeypatch, *options):
    """Run the command on the server of this module."""
    from prefect.settings import PREFECT_API_URL

    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
    return CliRunner().invoke(app, ["forget", "churn", *options])


def test_nothing_is_removed_unasked(trained, flow_home, monkeypatch):
    outcome = forget(flow_home, monkeypatch)
    assert outcome.exit_code == 2
    assert "add --yes" in outcome.stderr
    outcome = forget(flow_home, monkeypatch, "--dry-run")
    assert outcome.exit_code == 0
    assert "would be removed: raw rows of 1 MLflow run(s)" in outcome.stdout
    assert "would be removed: 1 page(s)" in outcome.stdout
    assert pages() == ["model", "model", "validation", "validation"]
    assert Tracking(load_settings()).client.list_artifacts(trained)


def test_rows_and_pages_go_and_what_stays_is_told(trained, flow_home, monkeypatch):
    outcome = forget(flow_home, monkeypatch, "--yes")
    assert outcome.exit_code == 0, outcome.output
    assert "removed: raw rows of 1 MLflow run(s)" in outcome.stdout
    assert "removed: 1 page(s)" in outcome.stdout
    assert "stays: versions in the registry" in outcome.stdout
    assert pages() == ["model", "model", "validation"]
    assert Tracking(load_settings()).client.list_artifacts(trained) == []
