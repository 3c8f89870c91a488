"""Save and load a forecast on disk; also MLflow's ``loader_module`` for logged forecasts.

A saved forecast is a folder as that of a table's model (`espalier.pipelines.serving.saved_model`),
with ``forecast.joblib`` in the place of ``model.joblib``. Its golden rows are the newest rows of a
few series; their answer is a table of forecasts.

This module imports neither the search nor MLflow: the model's members import what they need.
"""

import json
import platform
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.serving.golden_rows import (
    FLOAT32_RTOL,
    VALUE_SHARE,
    Answers,
    GoldenCheck,
)
from espalier.pipelines.serving.model_check import ModelCheck, package_changes
from espalier.pipelines.serving.requirements import pinned_requirements
from espalier.pipelines.serving.saved_model import (
    FORMAT,
    GOLDEN_FILE,
    MANIFEST_FILE,
    REQUIREMENTS_FILE,
    ServingWarning,
    code_digest,
)
from espalier.pipelines.serving.series_forecaster import PREDICTION, SeriesForecaster

FORECAST_FILE = "forecast.joblib"


@dataclass(frozen=True, slots=True)
class OpenedForecast:
    """A saved forecast and what is different since it was saved.

    Attributes
    ----------
    forecaster : SeriesForecaster
        The forecast.
    check : ModelCheck
        The differences.
    """

    forecaster: SeriesForecaster
    check: ModelCheck


def save_forecast(
    forecaster: SeriesForecaster, folder: str | Path, *, golden: pd.DataFrame
) -> Path:
    """Write a forecast into a folder and return the folder.

    Parameters
    ----------
    forecaster : SeriesForecaster
        What to save; of its history only the newest part is kept.
    folder : str or Path
        Created if it does not exist; existing files are replaced.
    golden : DataFrame
        Rows of a few series, which are stored with their forecasts for the check at loading.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    stored = forecaster.stored
    joblib.dump(stored, place / FORECAST_FILE)
    joblib.dump((golden, _answers(stored, golden)), place / GOLDEN_FILE)
    pins = pinned_requirements((stored, golden))
    (place / REQUIREMENTS_FILE).write_text("\n".join(pins) + "\n", encoding="utf-8")
    columns, panel = stored.columns, stored.table.panel
    rule = stored.model.reconciliation
    manifest = {
        "format": FORMAT,
        "python": platform.python_version(),
        "packages": dict(pin.split("==", 1) for pin in pins),
        "code_digest": code_digest(),
        "task": FORECAST,
        "metric": stored.metric,
        "method": stored.method,
        "target": str(columns.target),
        "time_column": str(columns.time),
        "series_column": None if columns.series is None else str(columns.series),
        "known_covariates": [str(each) for each in columns.known_covariates],
        "past_covariates": [str(each) for each in columns.past_covariates],
        "static": [str(each) for each in columns.static],
        "holidays": list(columns.holidays),
        "hierarchy": [str(each) for each in columns.hierarchy],
        "adds_up_by": None if rule is None else rule.method,
        "columns": list(stored.inputs),
        "optional_columns": [
            str(each) for each in (columns.target, *columns.past_covariates, *columns.static)
        ],
        "wide": columns.wide,
        "horizon": stored.horizon,
        "frequency": stored.table.frequency.label,
        "season": panel.season,
        "series": len(panel),
        "quantiles": list(stored.quantiles),
        "members": len(stored.model.members),
    }
    (place / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return place


def load_forecast(folder: str | Path) -> SeriesForecaster:
    """Load a forecast that `save_forecast` wrote, and warn of what is different since.

    Only open folders that you trust: they hold pickles.

    Raises
    ------
    UserError
        The folder holds no saved forecast.

    Warns
    -----
    ServingWarning
        Package versions or this code differ from those it was saved with, or the golden rows are
        answered differently.
    """
    opened = open_forecast(folder)
    for line in opened.check.lines:
        warnings.warn(line, ServingWarning, stacklevel=2)
    return opened.forecaster


def open_forecast(folder: str | Path) -> OpenedForecast:
    """Load a forecast that `save_forecast` wrote, and compare it with what it was then.

    Only open folders that you trust: they hold pickles.

    Raises
    ------
    UserError
        The folder holds no saved forecast.
    """
    place = Path(folder)
    if place.is_file():  # MLflow may pass the path of a file in it
        place = place.parent
    if not (place / FORECAST_FILE).exists():
        raise UserError(f"{place} holds no saved forecast ({FORECAST_FILE} is missing)")
    manifest = json.loads((place / MANIFEST_FILE).read_text(encoding="utf-8"))
    forecaster: SeriesForecaster = joblib.load(place / FORECAST_FILE)
    rows, answers = joblib.load(place / GOLDEN_FILE)
    saved = manifest.get("format")
    other = f"the model was saved in format {saved}, this code writes {FORMAT}"
    return OpenedForecast(
        forecaster=forecaster,
        check=ModelCheck(
            golden=_check_golden(forecaster, rows, answers),
            packages=package_changes(manifest["packages"]),
            other_code=manifest.get("code_digest") != code_digest(),
            other_format="" if saved == FORMAT else other,
        ),
    )


class ServedForecast:
    """The forecast as MLflow's pyfunc calls it: takes recent rows and returns the horizon.

    Parameters
    ----------
    forecaster : SeriesForecaster
        A loaded forecast.
    """

    def __init__(self, forecaster: SeriesForecaster) -> None:
        self.forecaster = forecaster

    def predict(
        self,
        model_input: Any,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow's signature
    ) -> pd.DataFrame:
        """Return the forecasts of what follows recent rows; see `SeriesForecaster.predict`.

        Parameters
        ----------
        model_input : DataFrame, or what a DataFrame can be made of
            Recent rows, and rows without a value for known covariates of the future.
        params : dict or None
            Not used.
        """
        rows = model_input if isinstance(model_input, pd.DataFrame) else pd.DataFrame(model_input)
        return self.forecaster.predict(rows)


def _load_pyfunc(path: str) -> ServedForecast:
    """Load the saved forecast below ``path``; MLflow calls this function by name."""
    return ServedForecast(load_forecast(path))


def _answers(forecaster: SeriesForecaster, rows: pd.DataFrame) -> "np.ndarray[Any, Any]":
    """Return forecasts and quantiles of the golden rows, shape (rows, 1 + Q)."""
    made = forecaster.predict(rows)
    names = [PREDICTION, *(str(level) for level in forecaster.quantiles)]
    return made[names].to_numpy(dtype=np.float64)


def _check_golden(
    forecaster: SeriesForecaster, rows: pd.DataFrame, then: "np.ndarray[Any, Any]"
) -> GoldenCheck:
    """Ask a forecast its golden rows again.

    What is forgiven is `VALUE_SHARE` of the range of the answers (of their size, where all are
    equal) and `FLOAT32_RTOL` of the largest.
    """
    try:
        now = _answers(forecaster, rows)
    except Exception as error:  # whatever fails here will fail on the user's rows too
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return GoldenCheck(answers=Answers.FAILED, n_rows=len(rows), error=said[:500])
    if now.shape != then.shape:
        said = f"answers of shape {then.shape} have the shape {now.shape} now"
        return GoldenCheck(answers=Answers.FAILED, n_rows=len(rows), error=said)
    apart = np.abs(now - then)
    forgiven = VALUE_SHARE * float(np.ptp(then)) + FLOAT32_RTOL * float(np.abs(then).max())
    same = bool((apart <= forgiven).all())
    return GoldenCheck(
        answers=Answers.SAME if same else Answers.DIFFERENT,
        n_rows=len(rows),
        largest=float(apart.max()),
    )
