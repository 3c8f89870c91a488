"""Score a forecast on the held-out block."""

from espalier.tasks.ensemble.forecast.finished import (
    FinishedForecast,
    naive_held_out,
    score_held_out,
)
from espalier.tasks.records import HoldoutRecord, PreparedRef, TrainingRun


def evaluate_forecast(run: TrainingRun, prepared: PreparedRef) -> HoldoutRecord:
    """Return the score of the forecast on the block that the search never saw.

    The baseline is the seasonal naive forecast.
    """
    data = prepared.forecast
    finished = FinishedForecast.of(run.folder)
    scored = score_held_out(data, finished.model, run.folder)
    return HoldoutRecord(
        score=scored.score,
        interval=scored.interval(seed=run.request.seed, other_blocks=finished.block_scores),
        baseline=naive_held_out(data).score,
        n_rows=scored.n_values,
        covered=scored.covered,
    )
