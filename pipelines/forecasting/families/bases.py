"""The base forecasts whose residual a reduction fits."""

from typing import Any

from espalier.pipelines.forecasting.families.ces import ComplexSmoothing
from espalier.pipelines.forecasting.families.grid_model import GridForecaster
from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.families.theta import OptimisedTheta

BASES = ("ces", "seasonal_naive", "theta")
_LONGEST, _SHARPNESS, _RECENT = 400, 0.3, 4


def base_of(name: str) -> Any:
    """Return the base forecaster called ``name``, one of `BASES`, in its usual form."""
    if name == "seasonal_naive":
        return NaiveForecaster()
    model = ComplexSmoothing(recent=_RECENT) if name == "ces" else OptimisedTheta(recent=_RECENT)
    return GridForecaster(model=model, longest=_LONGEST, sharpness=_SHARPNESS)
