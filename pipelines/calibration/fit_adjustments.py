"""Fit calibration, threshold and intervals of an ensemble to its out-of-fold predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from espalier.pipelines.calibration.adjustments import NO_ADJUSTMENTS, Adjustments
from espalier.pipelines.calibration.calibrate import choose_calibrator
from espalier.pipelines.calibration.fit_intervals import REPORTED_COVERAGE, fit_intervals
from espalier.pipelines.calibration.report import (
    NOTHING_ADJUSTED,
    AdjustmentReport,
    CalibrationReport,
    IntervalReport,
    ThresholdChoice,
)
from espalier.pipelines.calibration.threshold import Threshold, is_tuned_for, tune_threshold
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.out_of_fold import OutOfFold, out_of_fold
from espalier.pipelines.members.member import Member
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.trials.row_predictions import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentResult:
    """The fitted adjustments, and a report of how they were chosen."""

    adjustments: Adjustments = NO_ADJUSTMENTS
    report: AdjustmentReport = NOTHING_ADJUSTED


def fit_adjustments(
    choice: EnsembleChoice,
    fitted: Sequence[Member | None],
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    metric: Metric,
    seed: int,
    threshold: Threshold = "auto",
    deadline: Deadline = NEVER,
) -> AdjustmentResult:
    """Fit the adjustments to out-of-fold predictions of the members that have a model.

    Parameters
    ----------
    choice : EnsembleChoice
        The members and their weights.
    fitted : sequence of Member or None
        The members' models; members without one are left out.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number.
    dataset : Dataset
        The search rows.
    metric : Metric
        The metric that was optimised.
    seed : int
        The run's seed.
    threshold : "auto", float or None
        A fixed threshold, or ``auto`` to tune it for metrics that score the labels of two classes,
        or None for none.
    deadline : Deadline
        Adjustments that are not fitted by then are left out.
    """
    fixed = None if threshold is None or threshold == "auto" else float(threshold)
    plain = AdjustmentResult(
        adjustments=Adjustments(threshold=fixed),
        report=AdjustmentReport(threshold=_threshold_report(dataset.problem, fixed, None)),
    )
    kept = [position for position, model in enumerate(fitted) if model is not None]
    rows = out_of_fold(choice, kept, predictions, dataset=dataset, seed=seed)
    if rows is None or deadline.passed:
        return plain
    # The arrays are small: more BLAS threads would only slow each other down.
    with threadpool_limits(limits=1):
        if not dataset.problem.is_classification:
            return _with_intervals(rows, seed)
        calibration = choose_calibrator(rows, metric, seed=seed, deadline=deadline)
        tuned = None
        if threshold == "auto" and is_tuned_for(metric, dataset.problem):
            calibrated = rows.with_predictions(calibration.predictions)
            tuned = tune_threshold(calibrated, metric, seed=seed, deadline=deadline)
    calibrator = calibration.calibrator
    return AdjustmentResult(
        adjustments=Adjustments(
            calibrator=calibrator, threshold=fixed if tuned is None else tuned.value
        ),
        report=AdjustmentReport(
            calibration=CalibrationReport(
                method="none" if calibrator is None else calibrator.name,
                before=calibration.before,
                after=calibration.after,
                tried=calibration.tried,
            ),
            threshold=_threshold_report(dataset.problem, fixed, tuned),
        ),
    )


def _with_intervals(rows: OutOfFold, seed: int) -> AdjustmentResult:
    found = fit_intervals(rows, seed=seed)
    if found is None:
        return AdjustmentResult()
    return AdjustmentResult(
        adjustments=Adjustments(intervals=found.intervals),
        report=AdjustmentReport(
            intervals=IntervalReport(
                scaled_by=found.intervals.scale.by,
                asked=REPORTED_COVERAGE,
                coverage=found.coverage,
                mean_width=found.mean_width,
                n_rows=found.n_rows,
            )
        ),
    )


def _threshold_report(
    problem: ProblemKind, fixed: float | None, tuned: ThresholdChoice | None
) -> ThresholdChoice | None:
    if problem is not ProblemKind.BINARY:
        return None
    return tuned or ThresholdChoice(value=0.5 if fixed is None else fixed)
