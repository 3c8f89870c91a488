"""Record the finished folds of a trial, so that a stopped trial can still be used."""

import pickle
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.trials.row_predictions import Predictions, RowPredictions
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus


@dataclass(slots=True, kw_only=True)
class TrialProgress:
    """Scores, predictions and times of a trial's finished folds.

    Attributes
    ----------
    n_rows : int
        Rows of the dataset.
    validated : array of int or None, shape (m,)
        Positions of the rows that any of the folds validates, ascending; None for all rows.
    scores, iterations : list
        One entry per fold; no iterations for models without rounds.
    fit_seconds, predict_seconds : float
        Totals over the folds.
    n_predicted : int
        Validation rows predicted, repeats counted.
    size_mb, row_ms : float or None
        Size of one pickled model, and its milliseconds for a single row.
    parameters, operations : int or None
        Numbers that one model holds, and its operations for a single row.
    sums, counts : array or None, shape (m, ...) and (m,)
        Predictions of the validated rows, added up over repeats, and how many each row has.
    """

    n_rows: int
    validated: NDArray[Any] | None = None
    scores: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    n_predicted: int = 0
    size_mb: float | None = None
    row_ms: float | None = None
    parameters: int | None = None
    operations: int | None = None
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
            n_kept = self.n_rows if self.validated is None else len(self.validated)
            self.sums = np.zeros((n_kept, *predictions.shape[1:]), dtype=np.float32)
            self.counts = np.zeros(n_kept, dtype=np.float32)
        places = valid if self.validated is None else np.searchsorted(self.validated, valid)
        self.sums[places] += predictions
        self.counts[places] += 1
        self.scores.append(score)
        self.fit_seconds += fit_seconds
        self.predict_seconds += predict_seconds
        self.n_predicted += len(valid)
        if iterations is not None:
            self.iterations.append(int(iterations))

    def out_of_fold(self) -> Predictions | None:
        """Return the mean prediction of each validated row; NaN where its fold is not finished."""
        if self.sums is None or self.counts is None:
            return None
        counts = self.counts.copy()
        counts[counts == 0] = np.nan
        means = self.sums / (counts[:, None] if self.sums.ndim == 2 else counts)
        if self.validated is None:
            return means
        return RowPredictions(self.validated, means, self.n_rows)

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
            parameters=self.parameters,
            operations=self.operations,
            seconds=seconds,
            iterations=tuple(self.iterations),
            error=error,
            worker=worker,
            memory_mb=memory_mb,
        )
        # A trial stopped by its time limit may have to stand in for a complete one.
        worth = succeeded or (status is TrialStatus.TIMEOUT and bool(self.scores))
        return TrialOutcome(result, self.out_of_fold() if worth else None)


def rows_of(folds: FoldPlan, n_rows: int) -> NDArray[Any] | None:
    """Return the rows that any of the folds validates, ascending; None for all of them."""
    seen = np.zeros(n_rows, dtype=bool)
    for fold in folds:
        seen[fold.valid] = True
    if seen.all():
        return None
    return np.flatnonzero(seen).astype(np.int32 if n_rows <= np.iinfo(np.int32).max else np.int64)


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
