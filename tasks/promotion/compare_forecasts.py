"""Compare champion and challenger that forecast, on the same origins."""

from espalier.infra.registry.model_files import model_files, open_forecaster
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.metrics import forecast_metric
from espalier.pipelines.lifecycle.forecasts.compare import (
    Pair,
    compare_blocks,
    on_held_out,
    on_new_values,
    why_incomparable,
)
from espalier.pipelines.lifecycle.promotion.policy import PromotionMetrics
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.pipelines.serving.series_forecaster import SeriesForecaster

NOTHING_NEW = (
    "The challenger's held-out block has no value that the champion was not trained on; give newer "
    "values as --data."
)
NOTHING_SINCE = "The data have no value since the newer of the two trainings."


def compare_forecasts(
    request: PromoteRequest,
    champion: RegisteredVersion,
    challenger: RegisteredVersion,
    settings: Settings,
    *,
    confidence: float,
) -> tuple[PromotionMetrics, tuple[str, ...]]:
    """Return the metrics of the comparison, and notes about its values in whole sentences.

    Without data, both forecast the challenger's held-out block from its beginning, on values that
    neither was trained on; with data, both forecast from every origin since the newer training.

    Raises
    ------
    UserError
        The source of the values cannot be read, or the metric is unknown.
    """
    if request.slices:
        raise UserError("forecasts are compared by series, not by slices; leave --slices out")
    old, new = (open_forecaster(each, settings).forecaster for each in (champion, challenger))
    if said := why_incomparable(old, new):
        return PromotionMetrics(n_rows=0, obstacles=(said,)), ()
    metric = forecast_metric(request.metric or new.metric)
    if request.data is None:
        pairs, nothing = on_held_out(old, new, metric), NOTHING_NEW
        notes = ("They are compared on the block that the challenger's training held out.",)
    else:
        pairs, nothing = on_new_values(old, new, _read(request, old, new), metric), NOTHING_SINCE
        notes = (f"They are compared from {len(pairs)} origin(s) since the newer training.",)
    if not pairs:
        return PromotionMetrics(n_rows=0, obstacles=(nothing,)), ()
    outcome = compare_blocks(pairs, seed=request.seed, confidence=confidence)
    size = sum(
        path.stat().st_size
        for path in model_files(challenger, settings).saved.rglob("*")
        if path.is_file()
    )
    return (
        PromotionMetrics(
            n_rows=_n_values(pairs),
            comparison=outcome,
            size_mb=size / 1e6,
            confidence=confidence,
        ),
        notes,
    )


def _read(
    request: PromoteRequest, old: SeriesForecaster, new: SeriesForecaster
) -> tuple[SeriesTable, SeriesTable]:
    assert request.data is not None
    raw = read_table(request.data, query=request.query, target=str(new.columns.target))
    rows = with_unique_names(raw)
    return old.read(rows), new.read(rows)


def _n_values(pairs: list[Pair]) -> int:
    return sum(new.n_values for _, new in pairs)
