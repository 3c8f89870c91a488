"""What stands between an ensemble's combination and its answers; weights are untouched by it."""

from dataclasses import dataclass

from espalier.pipelines.calibration.calibrators import Calibrator
from espalier.pipelines.calibration.intervals import Intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustments:
    """Corrections and additions that were fitted to out-of-fold predictions.

    Attributes
    ----------
    calibrator : Calibrator or None
        Corrects probabilities.
    threshold : float or None
        Labels are those of class 1 where its probability is larger; None for the likelier class.
    intervals : Intervals or None
        Makes prediction intervals of a regression.
    """

    calibrator: Calibrator | None = None
    threshold: float | None = None
    intervals: Intervals | None = None


NO_ADJUSTMENTS = Adjustments()
