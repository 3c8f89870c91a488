"""Choose whether and how to calibrate an ensemble's probabilities, on left-out rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.calibration.calibrator_fits import CalibrationMethod, calibration_methods
from espalier.pipelines.calibration.calibrators import Calibrator
from espalier.pipelines.calibration.reliability import (
    Reliability,
    measure_reliability,
    row_log_losses,
    row_weights,
)
from espalier.pipelines.calibration.report import TriedMethod
from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.out_of_fold import OutOfFold
from espalier.pipelines.ensemble.row_blocks import independent_units, row_blocks
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.mixture_scorer import make_scorer
from espalier.pipelines.metrics.resampling import mean_error
from espalier.pipelines.resources.budget import NEVER, Deadline

BLOCKS = 5
# With fewer rows, or fewer of the rarer of two classes, a gain cannot be told from chance.
FEWEST_ROWS = 100
FEWEST_OF_A_CLASS = 10
# Of the metric, between its mean over blocks before and after.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationResult:
    """The chosen calibrator and the measurements that decided it.

    Attributes
    ----------
    calibrator : Calibrator or None
        The chosen one, fitted to all rows; None if no method is shown to help.
    before : Reliability
        Reliability without calibration.
    after : Reliability
        Reliability with it, on rows that it was not fitted to; ``before`` if there is none.
    tried : tuple of TriedMethod
        Results of all methods, the simplest first.
    predictions : array, shape (n, K)
        The probabilities from which ``after`` is computed.
    """

    calibrator: Calibrator | None
    before: Reliability
    after: Reliability
    tried: tuple[TriedMethod, ...]
    predictions: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    method: CalibrationMethod
    nested: Floats
    gain: float
    standard_error: float


def choose_calibrator(
    rows: OutOfFold, metric: Metric, *, seed: int, deadline: Deadline = NEVER
) -> CalibrationResult:
    """Choose the simplest calibration method that is shown to help.

    Every method is cross-validated: fitted to four fifths of the rows and applied to the others. A
    method helps if it lowers the log loss by more than a standard error of the difference and does
    not make the metric worse. Of the methods that help, the simplest within a standard error of the
    best is fitted to all rows. Standard errors are those of whole groups, if there are any.

    Parameters
    ----------
    rows : OutOfFold
        Out-of-fold predictions of a classification problem.
    metric : Metric
        The metric that was optimised.
    seed : int
        The run's seed.
    deadline : Deadline
        Once it has passed, the probabilities are not calibrated.
    """
    before = measure_reliability(rows.predictions, rows.y, rows.sample_weight)
    plain = CalibrationResult(
        calibrator=None, before=before, after=before, tried=(), predictions=rows.predictions
    )
    counts = np.bincount(rows.y, minlength=rows.n_classes)
    rare = rows.n_classes == 2 and counts.min() < FEWEST_OF_A_CLASS
    too_few = len(rows) < FEWEST_ROWS or independent_units(rows) < 2
    if too_few or rare or (counts > 0).sum() < 2:
        return plain
    blocks = row_blocks(rows, BLOCKS, seed=seed + 2)
    weight = row_weights(rows.sample_weight, len(rows))
    losses = row_log_losses(rows.predictions, rows.y)
    found = []
    for method in calibration_methods(rows.y, rows.n_classes):
        if deadline.passed:
            return plain
        nested = _nested(method, rows, blocks, weight)
        falls = losses - row_log_losses(nested, rows.y)
        gain = float(weight @ falls)
        error = mean_error(weight, falls, rows.groups)
        found.append(_Candidate(method=method, nested=nested, gain=gain, standard_error=error))
    tried = tuple(
        TriedMethod(name=each.method.name, gain=each.gain, standard_error=each.standard_error)
        for each in found
    )
    chosen = _chosen(found, rows, metric, blocks)
    if chosen is None:
        return replace(plain, tried=tried)
    return CalibrationResult(
        calibrator=chosen.method.fit(rows.predictions, rows.y, weight),
        before=before,
        after=measure_reliability(chosen.nested, rows.y, rows.sample_weight),
        tried=tried,
        predictions=chosen.nested,
    )


def _chosen(
    found: Sequence[_Candidate], rows: OutOfFold, metric: Metric, blocks: NDArray[np.int64]
) -> _Candidate | None:
    """Return the simplest method that helps and is within a standard error of the best."""
    helping = [each for each in found if each.gain > each.standard_error]
    if not helping:
        return None
    best = max(helping, key=lambda each: each.gain)
    level = [each for each in helping if each.gain >= best.gain - best.standard_error]
    score = _score(metric, rows, rows.predictions, blocks)
    return next(
        (
            each
            for each in level
            if not _score(metric, rows, each.nested, blocks) < score - ROUNDING
        ),
        None,
    )


def _nested(
    method: CalibrationMethod, rows: OutOfFold, blocks: NDArray[np.int64], weight: Floats
) -> Floats:
    """Return each row's probabilities, calibrated by a fit that left out the row's block."""
    corrected = np.empty(rows.predictions.shape)
    for block in np.unique(blocks):
        others, left_out = np.flatnonzero(blocks != block), np.flatnonzero(blocks == block)
        part = weight[others]
        part = part / part.sum() if part.sum() > 0 else np.full(len(part), 1.0 / len(part))
        fitted = method.fit(rows.predictions[others], rows.y[others], part)
        corrected[left_out] = fitted.apply(rows.predictions[left_out])
    return corrected


def _score(
    metric: Metric, rows: OutOfFold, predictions: Floats, blocks: NDArray[np.int64]
) -> float:
    """Return the metric, turned so that larger is better; NaN if it is not defined.

    For two classes it is the mean of the scores of the blocks: blocks are calibrated by different
    fits, whose probabilities need not be comparable. With more classes, blocks are too small.
    """
    scorer = make_scorer(metric, rows.y, rows.problem, rows.sample_weight)
    reduced = scorer.reduce(predictions)
    if rows.n_classes > 2:
        return scorer.score(reduced, None)
    scores = [scorer.score(reduced, np.flatnonzero(blocks == block)) for block in np.unique(blocks)]
    known = [score for score in scores if np.isfinite(score)]
    return float(np.mean(known)) if known else float("nan")
