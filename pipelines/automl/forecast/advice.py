"""What experience advises a forecast training in this process to try first."""

from pathlib import Path

from espalier.pipelines.automl.forecast.data import ForecastData
from espalier.pipelines.experience.advice import Advice, advise
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.recording.series_setup import series_meta
from espalier.pipelines.experience.shipped import FORECASTS


def experience_of_forecasts(experience: "str | Path | None") -> Path | None:
    """Return the folder of the experience; None if there is none.

    Parameters
    ----------
    experience : str, Path or None
        A folder of `espalier experience fit`, or None; nothing of forecasts ships, so ``"auto"`` is
        no experience either.
    """
    if experience is None or experience == "auto":
        return None
    return Path(experience) / FORECASTS


def forecast_advice(data: ForecastData, folder: Path | None, *, seed: int) -> Advice | None:
    """Return the advice for these series; None without experience.

    Raises
    ------
    UserError
        The folder holds no experience of forecasts.
    """
    if folder is None:
        return None
    meta = series_meta(data.search.panel, horizon=data.horizon, seed=seed)
    return advise(open_knowledge(folder), data.space, meta)
