"""Out-of-fold predictions that are kept in memory: the best trials', up to a size."""

import math
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.trials.trial import TrialOutcome


class PredictionStore:
    """Keeps the predictions of the best trials within a bounded memory.

    Parameters
    ----------
    metric : Metric
        Says which trials are best.
    max_mb : float
        Size in MiB at most; the worst trials' predictions go first.
    """

    def __init__(self, metric: Metric, *, max_mb: float = 512.0) -> None:
        self._metric = metric
        self._max_bytes = max_mb * 2**20
        self._arrays: dict[int, NDArray[Any]] = {}
        self._gains: dict[int, float] = {}
        self._bytes = 0

    def add(self, outcome: TrialOutcome) -> None:
        """Keep the predictions of a trial that has any; without a score they go first."""
        if outcome.predictions is None:
            return
        score = outcome.result.score
        number = outcome.result.trial.number
        self._arrays[number] = outcome.predictions
        self._gains[number] = -math.inf if score is None else self._metric.sign * score
        self._bytes += outcome.predictions.nbytes
        while self._bytes > self._max_bytes and len(self._arrays) > 1:
            # Of equals the later trial goes, so that the order of arrival does not matter.
            worst = min(self._arrays, key=lambda each: (self._gains[each], -each))
            self._bytes -= self._arrays.pop(worst).nbytes
            del self._gains[worst]

    @property
    def by_number(self) -> Mapping[int, NDArray[Any]]:
        """Predictions by trial number."""
        return self._arrays
