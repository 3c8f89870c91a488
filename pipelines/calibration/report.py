"""Reports about calibration, threshold and intervals: what was measured and decided."""

from dataclasses import asdict, dataclass
from typing import Any

from espalier.pipelines.calibration.reliability import Reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedMethod:
    """The result of a calibration method on rows that it was not fitted to.

    Attributes
    ----------
    name : str
        Name of the method.
    gain : float
        By how much it lowers the mean log loss.
    standard_error : float
        Standard error of ``gain``, over rows, or over groups if there are any.
    """

    name: str
    gain: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdChoice:
    """The chosen decision threshold, and the metric with and without it.

    Attributes
    ----------
    value : float
        A row is positive when its probability of class 1 is larger.
    before, after : float or None
        The metric at 0.5, and at thresholds tuned on other rows; None where none was tuned.
    standard_error : float or None
        Standard error of the difference.
    """

    value: float
    before: float | None = None
    after: float | None = None
    standard_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """The chosen calibration method, and the reliability with and without it.

    Attributes
    ----------
    method : str
        Name of the method; ``none`` if no method is shown to help.
    before, after : Reliability
        Reliability without and with it, on rows that it was not fitted to.
    tried : tuple of TriedMethod
        Results of all methods, the simplest first.
    """

    method: str
    before: Reliability
    after: Reliability
    tried: tuple[TriedMethod, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalReport:
    """Coverage and width of prediction intervals on rows that they were not fitted to.

    Attributes
    ----------
    scaled_by : str
        What the width depends on: ``constant``, ``prediction`` or ``spread``.
    asked, coverage : float
        Nominal coverage, and the share of rows inside.
    mean_width : float
        Mean width, in the target's unit.
    n_rows : int
        Number of residuals they are computed from.
    """

    scaled_by: str
    asked: float
    coverage: float
    mean_width: float
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentReport:
    """The reports of all adjustments.

    Attributes
    ----------
    calibration : CalibrationReport or None
        None for regression.
    threshold : ThresholdChoice or None
        None without two classes.
    intervals : IntervalReport or None
        None for classification.
    """

    calibration: CalibrationReport | None = None
    threshold: ThresholdChoice | None = None
    intervals: IntervalReport | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The decisions, as short texts by name."""
        decided = {}
        if self.calibration is not None:
            decided["calibration"] = self.calibration.method
        if self.threshold is not None:
            decided["threshold"] = f"{self.threshold.value:.6g}"
        if self.intervals is not None:
            decided["intervals"] = self.intervals.scaled_by
        return decided

    @property
    def figures(self) -> dict[str, float]:
        """The measured figures, by name; all are from rows the adjustments were not fitted to."""
        found = {}
        if self.calibration is not None:
            before, after = self.calibration.before, self.calibration.after
            for name in ("log_loss", "brier", "calibration_error"):
                found[f"uncalibrated_{name}"] = getattr(before, name)
                found[f"calibrated_{name}"] = getattr(after, name)
        if self.intervals is not None:
            found["interval_coverage"] = self.intervals.coverage
            found["interval_width"] = self.intervals.mean_width
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary with the names of the attributes."""
        return asdict(self)


NOTHING_ADJUSTED = AdjustmentReport()
