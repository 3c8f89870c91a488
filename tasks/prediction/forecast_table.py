"""Forecast what follows a table of series with a registered forecast."""

import pandas as pd

from espalier.infra.registry.model_files import open_forecaster
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.predict import PredictRequest
from espalier.pipelines.serving.model_check import ModelCheck

# Options of tables, and why a forecast has none of them.
_OF_TABLES = {
    "proba": "it predicts numbers, which have no probabilities",
    "interval": "its answer has quantiles; name others when it is trained, with --quantiles",
    "id_column": "its answer has the series and the times",
}


def forecast_table(
    request: PredictRequest,
    version: RegisteredVersion,
    sources: tuple[str, ...],
    settings: Settings,
) -> tuple[pd.DataFrame, ModelCheck, tuple[str, ...]]:
    """Return the forecasts of what follows the series in the data of ``request``.

    Several sources are one history. A series that the model was trained on goes on from what it
    knew of it, so the newest rows are enough.

    Returns
    -------
    DataFrame
        The columns of `espalier.AutoMLForecaster.predict`: series and time under their names and of
        their types, ``prediction``, and one column for each quantile.
    ModelCheck
        What is different since the model was saved.
    tuple of str
        What was noticed in the rows.

    Raises
    ------
    ModelDiffersError
        The model does not answer its golden rows as it did when it was saved, and
        ``on_difference`` is ``refuse``.
    UserError
        An option is one of tables, or the rows are wrong.
    """
    label = f"{version.name}/{version.version}"
    for name, why in _OF_TABLES.items():
        if getattr(request, name):
            option = name.replace("_", "-")
            raise UserError(f"model {version.name!r} forecasts series: {why}; leave --{option} out")
    opened = open_forecaster(version, settings)
    if request.on_difference == "refuse":
        opened.check.require_same_answers(label)
    forecaster = opened.forecaster
    target = str(forecaster.columns.target)
    parts = [
        with_unique_names(read_table(each, query=request.query, target=target)) for each in sources
    ]
    rows = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    table = forecaster.read(rows)
    ends = table.panel.first + table.panel.lengths
    n_behind = int((ends.max() - ends > forecaster.horizon).sum())
    noticed = list(table.notes)
    if n_behind:
        noticed.append(
            f"{n_behind} of {len(ends)} series end more than {forecaster.horizon} steps before the "
            "newest; each is forecast from its own end"
        )
    if request.on_drift == "refuse" and n_behind:
        raise UserError(f"{request.shown_data} is refused: {noticed[-1]}")
    if request.on_drift == "ignore":
        noticed = []
    return forecaster.forecast(table), opened.check, tuple(noticed)
