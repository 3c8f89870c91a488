"""Post-processing of an ensemble's predictions: calibration, decision threshold, intervals."""

from dataclasses import dataclass

from espalier.pipelines.calibration.calibrators import Calibrator
from espalier.pipelines.calibration.intervals import Intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustments:
    """Post-processing steps, fitted to out-of-fold predictions; the weights stay as they are.

    Attributes
    ----------
    calibrator : Calibrator or None
        Corrects probabilities.
    threshold : float or None
        Class 1 is predicted if its probability is larger than this; None for the likelier class.
    intervals : Intervals or None
        Gives prediction intervals in regression.
    """

    calibrator: Calibrator | None = None
    threshold: float | None = None
    intervals: Intervals | None = None


NO_ADJUSTMENTS = Adjustments()
