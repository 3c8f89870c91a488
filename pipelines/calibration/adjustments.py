"""Post-processing of predictions: calibration, decision threshold, intervals, and a floor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.calibration.calibrators import Calibrator
from espalier.pipelines.calibration.intervals import Intervals
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults


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
    floor : float or None
        Smallest value to predict, where the metric takes none below it: 0 for ``rmsle``.
    """

    __setstate__ = set_state_with_defaults

    calibrator: Calibrator | None = None
    threshold: float | None = None
    intervals: Intervals | None = None
    floor: float | None = None

    def above_floor(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return predictions, or bounds of them, none of which is below the floor."""
        return values if self.floor is None else np.maximum(values, self.floor)


NO_ADJUSTMENTS = Adjustments()
