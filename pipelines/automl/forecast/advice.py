"""What experience advises a forecast training in this process to try first."""

from pathlib import Path

from espalier.pipelines.automl.forecast.data import ForecastData
from espalier.pipelines.experience.advice import Advice, advise
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.recording.series_setup import series_meta
from espalier.pipelines.experience.shipped import FORECASTS, is_worth_asking, shipped_forecasts
from espalier.pipelines.resources.budget import Budget


def experience_of_forecasts(experience: "str | Path | None", budget: Budget) -> Path | None:
    """Return the folder of the experience; None if none is wanted, or the search is too short.

    Parameters
    ----------
    experience : str, Path or None
        ``"auto"`` for what the package ships, a folder of `espalier experience fit`, or None.
    budget : Budget
        Trials and seconds of the training.
    """
    if experience is None:
        return None
    if experience != "auto":
        return Path(experience) / FORECASTS
    return shipped_forecasts() if is_worth_asking(budget.trials, budget.seconds) else None


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
