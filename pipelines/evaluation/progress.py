"""Record the finished folds of a trial, so that a stopped trial can still be used."""

import pickle
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus


@dataclass(slots=True, kw_only=True)
class TrialProgress:
    """Scores, predictions and times of a trial's finished folds.

    Attributes
    ----------
    n_rows : int
        Rows of the dataset.
    scores, iterations : list
        One entry per fold; no iterations for models without rounds.
    fit_seconds, predict_seconds : float
        Totals over the folds.
    n_predicted : int
        Validation rows predicted, repeats counted.
    size_mb, row_ms : float or None
        Size of one pickled model, and its milliseconds for a single row.
    sums, counts : array or None, shape (n_rows, ...) and (n_rows,)
        Predictions added up over repeats, and how many each row has.
    """

    n_rows: int
    scores: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    n_predicted: int = 0
    size_mb: float | None = None
    row_ms: float | None = None
    sums: NDArray[np.float32] | None = None
    counts: NDArray[np.float32] | None = None

    def add_fold(
        self,
        valid: NDArray[Any],
        predictions: NDArray[np.float32],
        score: float,
        *,
        fit_seconds: float,
        predict_seconds: float,
        iterations: int | None,
    ) -> None:
        """Add a finished fold; ``valid`` holds the positions of its validation rows."""
        if self.sums is None or self.counts is None:
            self.sums = np.zeros((self.n_rows, *predictions.shape[1:]), dtype=np.float32)
            self.counts = np.zeros(self.n_rows, dtype=np.float32)
        self.sums[valid] += predictions
        self.counts[valid] += 1
        self.scores.append(score)
        self.fit_seconds += fit_seconds
        self.predict_seconds += predict_seconds
        self.n_predicted += len(valid)
        if iterations is not None:
            self.iterations.append(int(iterations))

    def out_of_fold(self) -> NDArray[np.float32] | None:
        """Return each row's mean prediction; NaN where no fold validates it."""
        if self.sums is None or self.counts is None:
            return None
        counts = self.counts.copy()
        counts[counts == 0] = np.nan
        return self.sums / (counts[:, None] if self.sums.ndim == 2 else counts)

    def outcome(
        self,
        trial: Trial,
        status: TrialStatus,
        error: str | None,
        *,
        seconds: float,
        worker: str,
        memory_mb: float | None = None,
    ) -> TrialOutcome:
        """Return the outcome of ``trial``; without success, with the folds that were finished."""
        succeeded = status is TrialStatus.SUCCESS
        result = TrialResult(
            trial=trial,
            status=status,
            fold_scores=tuple(self.scores),
            score=float(np.mean(self.scores)) if succeeded else None,
            score_std=float(np.std(self.scores)) if succeeded else None,
            fit_seconds=self.fit_seconds / max(len(self.scores), 1),
            predict_ms_per_row=1000 * self.predict_seconds / self.n_predicted
            if self.n_predicted
            else None,
            size_mb=self.size_mb,
            row_ms=self.row_ms,
            seconds=seconds,
            iterations=tuple(self.iterations),
            error=error,
            worker=worker,
            memory_mb=memory_mb,
        )
        # A trial stopped by its time limit may have to stand in for a complete one.
        worth = succeeded or (status is TrialStatus.TIMEOUT and bool(self.scores))
        return TrialOutcome(result, self.out_of_fold() if worth else None)


class _Counter:
    """A file that only counts bytes, to measure a pickled model without a second copy of it."""

    def __init__(self) -> None:
        self.n_bytes = 0

    def write(self, data: Any) -> int:
        """Count the bytes of ``data``."""
        size = memoryview(data).nbytes
        self.n_bytes += size
        return size


def pickled_mb(model: object) -> float | None:
    """Return the size of a pickled model in MiB; None if it cannot be pickled."""
    counter = _Counter()
    try:
        pickle.dump(model, counter, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None  # a class from __main__: no reason to fail a trial that has a score
    return counter.n_bytes / 2**20
