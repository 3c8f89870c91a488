"""Store of out-of-fold predictions: those of the best trials, up to a size in memory."""

import math
from collections.abc import Mapping

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import TrialOutcome


class PredictionStore:
    """Keeps the out-of-fold predictions of the best trials within a bounded memory.

    Parameters
    ----------
    metric : Metric
        Orders the trials.
    max_mb : float
        Largest size in MiB; the predictions of the worst trials are dropped first.
    """

    def __init__(self, metric: Metric, *, max_mb: float = 512.0) -> None:
        self._metric = metric
        self._max_bytes = max_mb * 2**20
        self._arrays: dict[int, Predictions] = {}
        self._gains: dict[int, float] = {}
        self._bytes = 0

    def add(self, outcome: TrialOutcome) -> None:
        """Store a trial's predictions, if it has any; those without a score are dropped first."""
        if outcome.predictions is None:
            return
        score = outcome.result.score
        number = outcome.result.trial.number
        self._arrays[number] = outcome.predictions
        self._gains[number] = -math.inf if score is None else self._metric.sign * score
        self._bytes += outcome.predictions.nbytes
        while self._bytes > self._max_bytes and len(self._arrays) > 1:
            # Of equal scores the later trial is dropped, so that arrival order does not matter.
            worst = min(self._arrays, key=lambda each: (self._gains[each], -each))
            self._bytes -= self._arrays.pop(worst).nbytes
            del self._gains[worst]

    @property
    def by_number(self) -> Mapping[int, Predictions]:
        """Predictions by trial number."""
        return self._arrays
