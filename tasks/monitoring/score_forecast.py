"""Score a served forecast on the values that have come since its training."""

from dataclasses import dataclass

import numpy as np

from espalier.infra.registry.model_files import open_forecaster
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import MissingColumnsError, UserError
from espalier.pipelines.forecasting.metrics import forecast_metric
from espalier.pipelines.forecasting.scores import ScoredForecast
from espalier.pipelines.lifecycle.forecasts.arrived import arrived_blocks, first_unknown
from espalier.pipelines.lifecycle.forecasts.watch import score_arrived
from espalier.pipelines.lifecycle.retraining.live_score import LiveScore
from espalier.pipelines.redaction import redact_source
from espalier.pipelines.requests.monitor import MonitorRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedScore:
    """What a forecast was worth on the values that have come.

    Attributes
    ----------
    score : LiveScore or None
        The score; None where too little has come.
    n_rows, n_new, n_scored : int
        Number of rows, of values since the training, and of those that were scored.
    notes : tuple of str
        What was noticed.
    """

    score: LiveScore | None
    n_rows: int
    n_new: int
    n_scored: int
    notes: tuple[str, ...]


def score_forecast(
    request: MonitorRequest,
    champion: RegisteredVersion,
    settings: Settings,
    *,
    before: float,
    before_interval: tuple[float, float],
    seed: int,
) -> ArrivedScore:
    """Forecast from each origin since the training, and score by what has come.

    Parameters
    ----------
    request : MonitorRequest
        Names the newest history.
    champion : RegisteredVersion
        The forecast.
    settings : Settings
        Settings that name the stores.
    before, before_interval : float, (float, float)
        Score on the held-out block, and its 95 % interval.
    seed : int
        Seed of the bootstrap samples.

    Raises
    ------
    UserError
        The rows cannot be read, or are not those of the series.
    """
    if request.data is None:
        raise UserError(
            f"model {champion.name!r} forecasts series: it is watched by what has come; give the "
            "newest values as --data"
        )
    forecaster = open_forecaster(champion, settings).forecaster
    target = forecaster.columns.target
    raw = with_unique_names(read_table(request.data, query=request.query, target=str(target)))
    if target not in raw.columns and not forecaster.columns.wide:
        raise MissingColumnsError((str(target),), repr(redact_source(request.data)))
    table = forecaster.read(raw)
    after = first_unknown(forecaster)
    metric = forecast_metric(forecaster.metric)
    blocks = arrived_blocks(forecaster, table, metric, after=after)
    panel = table.panel
    ends = panel.first + panel.lengths
    new = panel.actual(np.clip(ends - after, 0, panel.lengths), max(int(ends.max()) - after, 1))
    score = score_arrived(blocks, before=before, before_interval=before_interval, seed=seed)
    return ArrivedScore(
        score=score,
        n_rows=len(raw),
        n_new=int(np.isfinite(new).sum()),
        n_scored=sum(each.n_values for each in blocks) if score is not None else 0,
        notes=_notes(blocks, table.notes),
    )


def _notes(blocks: list[ScoredForecast], noticed: tuple[str, ...]) -> tuple[str, ...]:
    if not blocks:
        return (*noticed, "no value is newer than those of the training: nothing can be scored")
    n = len(blocks)
    said = [f"{n} origin{'s' if n > 1 else ''} since the training; each forecast is scored alike"]
    covered = [each.covered for each in blocks if each.covered is not None]
    band = blocks[0].band
    if covered and band is not None:
        low, high = (blocks[0].levels[place] for place in band)
        said.append(
            f"{np.mean(covered):.0%} of the values lie between the quantiles {low:g} and {high:g}; "
            f"{high - low:.0%} should"
        )
    return (*noticed, *said)
