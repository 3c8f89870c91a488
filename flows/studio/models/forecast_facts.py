"""What a registered forecast says of itself, without its being opened."""

import json
from dataclasses import dataclass

from espalier.infra.registry.model_files import model_files
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.serving.saved_model import MANIFEST_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFacts:
    """The columns and steps of a forecast.

    Attributes
    ----------
    columns : SeriesColumns
        The columns of its rows.
    horizon : int
        Steps that it forecasts.
    frequency : str
        The step from one time to the next.
    n_series : int
        Series that it was trained on.
    quantiles : tuple of float
        Levels that it gives.
    """

    columns: SeriesColumns
    horizon: int
    frequency: str
    n_series: int
    quantiles: tuple[float, ...]


def is_forecast(version: RegisteredVersion) -> bool:
    """Whether a version forecasts series."""
    return version.tags.get("task") == FORECAST


def forecast_facts(version: RegisteredVersion, settings: Settings) -> ForecastFacts:
    """Return what a registered forecast says of itself.

    Raises
    ------
    UserError
        Its files are gone, or say nothing.
    """
    path = model_files(version, settings).saved / MANIFEST_FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return ForecastFacts(
            columns=SeriesColumns(
                time=said["time_column"],
                target=said["target"],
                series=said["series_column"],
                known_covariates=tuple(said["known_covariates"]),
            ),
            horizon=int(said["horizon"]),
            frequency=str(said["frequency"]),
            n_series=int(said["series"]),
            quantiles=tuple(said["quantiles"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        shown = f"{version.name}/{version.version}"
        raise UserError(f"the files of model {shown} cannot be read: {error!r}") from None
