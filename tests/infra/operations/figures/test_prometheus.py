"""The page that Prometheus reads: valid, cached, and there when a store is not."""

import re
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from espalier.infra.operations.figures import prometheus
from espalier.infra.operations.figures.fleet import ModelFigures, MonitoredFigures
from espalier.infra.operations.figures.prometheus import (
    FRESH_SECONDS,
    FleetCollector,
    MetricsPage,
)
from espalier.pipelines.errors import UserError


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asked(monkeypatch):
    """Stores that answer from memory; returns how often the registry was asked."""
    times = []
    seen = MonitoredFigures(outcome="healthy", at=5.0, drift=0.25, score=0.9)
    model = ModelFigures(
        name='a "b"\\',
        n_versions=3,
        champion=2,
        champion_at=1.0,
        challenger_waits=True,
        trained_at=3.0,
        monitored=seen,
    )
    monkeypatch.setattr(prometheus, "model_figures", lambda settings: times.append(1) or (model,))
    monkeypatch.setattr(prometheus, "trial_figures", lambda settings: {"FINISHED": 7})
    monkeypatch.setattr(prometheus, "run_figures", lambda tag: {"RUNNING": 1})
    return times


def _read(page):
    text = urllib.request.urlopen(page.url, timeout=10).read().decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_page_says_what_is_known(asked, clock):
    with MetricsPage(
        FleetCollector(None, "owner:x", clock=clock), host="127.0.0.1", port=0
    ) as page:
        found = _read(page)
    model = ("model", 'a "b"\\')
    assert found["espalier_champion_version", model] == 2
    assert found["espalier_challenger_waits", model] == 1
    assert found["espalier_drift_index", model] == 0.25
    assert found["espalier_monitored_healthy", model] == 1
    assert found["espalier_flow_runs", ("state", "running")] == 1
    assert found["espalier_recent_trials", ("status", "finished")] == 7
    assert found["espalier_store_up", ("store", "registry")] == 1
    assert ("espalier_score_drop", model) not in found


def test_readers_share_a_page_for_half_a_minute(asked, clock):
    collector = FleetCollector(None, "owner:x", clock=clock)
    for _ in range(3):
        list(collector.collect())
    assert len(asked) == 1
    clock.now += FRESH_SECONDS
    list(collector.collect())
    assert len(asked) == 2


def test_a_store_that_is_gone_leaves_the_rest(asked, clock, monkeypatch):
    def gone(settings):
        raise UserError("the registry does not answer")

    monkeypatch.setattr(prometheus, "model_figures", gone)
    with MetricsPage(
        FleetCollector(None, "owner:x", clock=clock), host="127.0.0.1", port=0
    ) as page:
        found = _read(page)
    assert found["espalier_store_up", ("store", "registry")] == 0
    assert found["espalier_store_up", ("store", "tracking")] == 1
    assert found["espalier_recent_trials", ("status", "finished")] == 7


def test_a_taken_port_is_said_in_a_line(asked, clock):
    collector = FleetCollector(None, "owner:x", clock=clock)
    with (
        MetricsPage(collector, host="127.0.0.1", port=0) as page,
        pytest.raises(UserError, match="choose another --metrics"),
        MetricsPage(collector, host="127.0.0.1", port=page._server.server_port),
    ):
        pass


@pytest.mark.parametrize("name", ["dashboard.json", "alerts.yaml"])
def test_what_is_given_to_operators_names_metrics_of_the_page(name, asked, clock):
    text = (Path(__file__).parents[4] / "infra" / "deploy" / name).read_text()
    known = {metric.name for metric in FleetCollector(None, "owner:x", clock=clock).collect()}
    assert set(re.findall(r"espalier_[a-z_]+", text)) <= known
