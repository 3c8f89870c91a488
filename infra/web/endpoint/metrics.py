"""What the endpoint measures of itself, for Prometheus.

=======================================  ===========================================================
``espalier_requests_total``              requests, by model, version and HTTP status
``espalier_rows_total``                  rows that were predicted, by model and version
``espalier_request_seconds``             time until the answer, by model
``espalier_request_rows``                rows of a request, by model
``espalier_batches_total``               batches, by model and version
``espalier_batched_requests_total``      requests in batches, by model and version
``espalier_worker_restarts_total``       worker processes that were replaced
``espalier_swaps_total``                 how often another version took over, by model
``espalier_workers``                     worker processes that can answer, by model and version
``espalier_waiting_requests``            requests that wait for a worker, by model and version
``espalier_serving``                     1 for the versions that answer, by alias
``espalier_unlogged_requests_total``     requests that the request log could not take, by model
=======================================  ===========================================================
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from espalier.infra.web.endpoint.served_model import ServedModel

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
_ROWS = (1, 2, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000)
_OF_VERSION = ("model", "version")


class Logs(Protocol):
    """A request log that counts what it could not write."""

    n_dropped: int


class EndpointMetrics:
    """Counts requests, and reads the state of the served models when asked.

    Parameters
    ----------
    models : mapping of str to ServedModel
        The served models.
    logs : mapping of str to Logs
        Their request logs.
    """

    def __init__(self, models: Mapping[str, ServedModel], logs: Mapping[str, Logs]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "espalier_requests", "Requests", (*_OF_VERSION, "status"), registry=self._registry
        )
        self._rows = Counter(
            "espalier_rows", "Predicted rows", _OF_VERSION, registry=self._registry
        )
        self._seconds = Histogram(
            "espalier_request_seconds",
            "Seconds until the answer",
            ("model",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._sizes = Histogram(
            "espalier_request_rows",
            "Rows of a request",
            ("model",),
            buckets=_ROWS,
            registry=self._registry,
        )
        self._registry.register(_State(models, logs))

    def count(
        self, model: str, version: int | None, status: int, n_rows: int, seconds: float
    ) -> None:
        """Count a request that was answered."""
        number = "" if version is None else str(version)
        self._requests.labels(model, number, str(status)).inc()
        self._seconds.labels(model).observe(seconds)
        if n_rows:
            self._rows.labels(model, number).inc(n_rows)
            self._sizes.labels(model).observe(n_rows)

    def page(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)


class _State(Collector):
    """Figures that are read from the served models when Prometheus asks."""

    def __init__(self, models: Mapping[str, ServedModel], logs: Mapping[str, Logs]) -> None:
        self._models = models
        self._logs = logs

    def collect(self) -> Iterable[Metric]:
        """Return the figures as they are now."""
        return list(self._families())

    def _families(self) -> Iterator[Metric]:
        workers = GaugeMetricFamily("espalier_workers", "Workers", labels=_OF_VERSION)
        waiting = GaugeMetricFamily("espalier_waiting_requests", "Waiting", labels=_OF_VERSION)
        batches = CounterMetricFamily("espalier_batches", "Batches", labels=_OF_VERSION)
        batched = CounterMetricFamily(
            "espalier_batched_requests", "Requests in batches", labels=_OF_VERSION
        )
        restarts = CounterMetricFamily(
            "espalier_worker_restarts", "Replaced workers", labels=_OF_VERSION
        )
        swaps = CounterMetricFamily("espalier_swaps", "Versions that took over", labels=("model",))
        serving = GaugeMetricFamily(
            "espalier_serving", "Versions that answer", labels=(*_OF_VERSION, "alias")
        )
        unlogged = CounterMetricFamily(
            "espalier_unlogged_requests", "Requests that are not in the log", labels=("model",)
        )
        for name, model in self._models.items():
            for version, replicas in model.sets.items():
                which = (name, str(version))
                workers.add_metric(which, replicas.n_alive)
                waiting.add_metric(which, replicas.n_waiting)
                batches.add_metric(which, replicas.counts.batches)
                batched.add_metric(which, replicas.counts.batched)
                restarts.add_metric(which, replicas.counts.restarts)
            swaps.add_metric((name,), model.n_swaps)
            placement = model.placement
            if placement is not None:
                serving.add_metric((name, str(placement.version), placement.alias or ""), 1)
                if placement.challenger is not None:
                    serving.add_metric((name, str(placement.challenger), "challenger"), 1)
        for name, log in self._logs.items():
            unlogged.add_metric((name,), log.n_dropped)
        yield from (workers, waiting, batches, batched, restarts, swaps, serving, unlogged)
