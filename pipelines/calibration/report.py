"""What was measured and decided about calibration, threshold and intervals."""

from dataclasses import asdict, dataclass
from typing import Any

from espalier.pipelines.calibration.reliability import Reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedMethod:
    """How a method did on rows that it was not fitted to.

    Attributes
    ----------
    name : str
        Of the method.
    gain : float
        By how much it lowers the mean log loss.
    standard_error : float
        Of ``gain``, over rows.
    """

    name: str
    gain: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdChoice:
    """Where the threshold is, and what it is worth.

    Attributes
    ----------
    value : float
        A row is positive when its probability of class 1 is larger.
    before, after : float or None
        The metric at 0.5, and at thresholds tuned on other rows; None where none was tuned.
    standard_error : float or None
        Of the difference.
    """

    value: float
    before: float | None = None
    after: float | None = None
    standard_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """How far the probabilities can be believed.

    Attributes
    ----------
    method : str
        ``none`` where no correction is proven to help.
    before, after : Reliability
        Without and with it, on rows that it was not fitted to.
    tried : tuple of TriedMethod
        The simplest first.
    """

    method: str
    before: Reliability
    after: Reliability
    tried: tuple[TriedMethod, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalReport:
    """How prediction intervals do on rows that they were not fitted to.

    Attributes
    ----------
    scaled_by : str
        ``constant``, ``prediction`` or ``spread``.
    asked, coverage : float
        Coverage that was asked for, and the share of rows inside.
    mean_width : float
        In the target's unit.
    n_rows : int
        How many residuals they are made from.
    """

    scaled_by: str
    asked: float
    coverage: float
    mean_width: float
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentReport:
    """What a person wants to know of the adjustments.

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
        """What was decided, as short texts."""
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
        """What was measured on rows that it was not fitted to."""
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
