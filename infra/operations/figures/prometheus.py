"""The figures of an installation as a page that Prometheus reads.

The page is made when it is asked for, at most every half minute: several readers cost no more than
one. A store that does not answer leaves its figures out and is said so by ``espalier_store_up``.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from espalier.infra.operations.figures.fleet import (
    ModelFigures,
    model_figures,
    run_figures,
    trial_figures,
)
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from prometheus_client import Metric

_LOG = logging.getLogger(__name__)

FRESH_SECONDS = 30.0


class FleetCollector:
    """Makes Prometheus' metrics of an installation; registered in a `CollectorRegistry`.

    Parameters
    ----------
    settings : Settings
        Names the stores.
    owner_tag : str
        Tag of the flow runs that are counted.
    clock : callable () -> float
        Seconds of a clock that only goes forward.
    """

    def __init__(
        self, settings: Settings, owner_tag: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._owner_tag = owner_tag
        self._clock = clock
        self._lock = threading.Lock()
        self._made_at = float("-inf")
        self._page: list[Metric] = []

    def describe(self) -> "list[Metric]":
        """Return nothing: the names need not be known before the stores are asked."""
        return []

    def collect(self) -> "Iterator[Metric]":
        """Yield the metrics, made anew if they are older than `FRESH_SECONDS`."""
        with self._lock:
            if self._clock() - self._made_at >= FRESH_SECONDS:
                self._page = self._make()
                self._made_at = self._clock()
            page = self._page
        yield from page

    def _make(self) -> "list[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        up = GaugeMetricFamily(
            "espalier_store_up", "Whether a store answered (1) or not (0).", labels=["store"]
        )
        found: list[Metric] = []
        for store, make in (
            ("prefect", self._of_runs),
            ("registry", self._of_models),
            ("tracking", self._of_trials),
        ):
            try:
                found += make()
                up.add_metric([store], 1.0)
            except Exception:  # of a server; the page must say the rest
                _LOG.warning("the figures of %s could not be read", store, exc_info=True)
                up.add_metric([store], 0.0)
        return [up, *found]

    def _of_runs(self) -> "list[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(
            "espalier_flow_runs", "Flow runs that Prefect keeps, by state.", labels=["state"]
        )
        for state, count in run_figures(self._owner_tag).items():
            family.add_metric([state.lower()], count)
        return [family]

    def _of_trials(self) -> "list[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(
            "espalier_recent_trials",
            "The newest thousand trials, by how they ended in MLflow.",
            labels=["status"],
        )
        for status, count in trial_figures(self._settings).items():
            family.add_metric([status.lower()], count)
        return [family]

    def _of_models(self) -> "list[Metric]":
        return _model_metrics(model_figures(self._settings))


class MetricsPage:
    """A context manager: a small web server of its own thread that answers ``/metrics``.

    Parameters
    ----------
    collector : FleetCollector
        Makes the figures.
    host : str
        Address to listen on.
    port : int
        Port to listen on; 0 for any that is free.

    Raises
    ------
    UserError
        The port is taken or not allowed (on entering).
    """

    def __init__(self, collector: FleetCollector, *, host: str, port: int) -> None:
        self._collector = collector
        self._host = host
        self._port = port

    def __enter__(self) -> Self:
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry()
        registry.register(self._collector)
        try:
            self._server, self._thread = start_http_server(
                self._port, addr=self._host, registry=registry
            )
        except OSError as error:
            raise UserError(
                f"the metrics cannot be served at {self._host}:{self._port}: "
                f"{error.strerror or error}; choose another --metrics"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{self._host}:{self._server.server_port}/metrics"


def _model_metrics(models: tuple[ModelFigures, ...]) -> "list[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    def family(name: str, help_text: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"espalier_{name}", help_text, labels=["model", *labels])

    versions = family("model_versions", "Registered versions of a model.")
    champion = family("champion_version", "Version that serves; absent if none does.")
    champion_at = family("champion_registered_seconds", "When the champion was registered.")
    waits = family("challenger_waits", "Whether a newer version waits for a decision.")
    trained_at = family("last_training_seconds", "When the newest version was registered.")
    monitored_at = family("monitored_seconds", "When the model was last monitored.")
    outcome = family("monitored_healthy", "1: healthy, 0: to be retrained; absent: unknown.")
    drift = family("drift_index", "Largest population stability index of a column.")
    columns = family("drifted_columns", "Columns whose drift is beyond the limit.")
    score = family("live_score", "Score on recent labelled rows.")
    drop = family("score_drop", "By how much it is worse than on the hold-out.")
    for each in models:
        name = [each.name]
        versions.add_metric(name, each.n_versions)
        waits.add_metric(name, float(each.challenger_waits))
        trained_at.add_metric(name, each.trained_at)
        if each.champion is not None:
            champion.add_metric(name, each.champion)
            champion_at.add_metric(name, each.champion_at)
        seen = each.monitored
        if seen is None:
            continue
        monitored_at.add_metric(name, seen.at)
        if seen.outcome != "unknown":
            outcome.add_metric(name, float(seen.outcome == "healthy"))
        for metric, value in (
            (drift, seen.drift),
            (columns, seen.drifted_columns),
            (score, seen.score),
            (drop, seen.score_drop),
        ):
            if value is not None:
                metric.add_metric(name, value)
    return [
        versions,
        champion,
        champion_at,
        waits,
        trained_at,
        monitored_at,
        outcome,
        drift,
        columns,
        score,
        drop,
    ]
