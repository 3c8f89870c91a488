"""Ask experience what a training should try first, and log how good the advice was."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from espalier.infra.registry.experience_source import open_experience
from espalier.pipelines.experience.advice import advise, measure_advice
from espalier.pipelines.experience.belief import measure_belief
from espalier.pipelines.experience.recording.record import content_of, forecast_target
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.metafeatures.statement import statement_vector
from espalier.pipelines.trials.history import History
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef, TrainingRun

if TYPE_CHECKING:  # loads scipy.stats
    from espalier.pipelines.experience.advice import Advice

ADVICE_FILE = "experience.json"


@retried_task(
    name="consult experience",
    description="Find similar datasets, what to try first, and the expected scores.",
    tags=["espalier", "experience"],
)
def consult_experience(
    run: TrainingRun, prepared: PreparedRef, profile: Mapping[str, float]
) -> "Advice | None":
    """Return the advice of experience for the prepared data; None without any.

    There is none for pictures.

    A continued run is advised again; its own trials so far count more than the advice.

    Raises
    ------
    UserError
        The experience folder in the settings cannot be read.
    """
    if prepared.shape.is_of_pictures:  # experience knows no such tables (docs/decisions/0075)
        return None
    series = prepared.series
    opened = open_experience(run.tracking.settings, of_forecasts=series is not None)
    if opened is None:
        return None
    target = run.request.target
    if series is not None:
        target = forecast_target(target, series.horizon)
    return advise(
        opened.knowledge,
        prepared.content.space,
        MetaFeatures.catalogued(profile),
        content=content_of(run.table.fingerprint, target),
        about=statement_vector(run.request.about or ""),
        source=opened.source.name,
    )


@retried_task(
    name="log advice outcome",
    description="Log the expected and the observed scores of the first trials.",
    tags=["espalier", "experience", "tracking"],
)
def log_advice_outcome(
    run: TrainingRun, prepared: PreparedRef, advice: "Advice", history: History
) -> tuple[str, ...]:
    """Log expected and observed scores of the first trials; return a summary as lines."""
    belief = measure_belief(advice.prior, prepared.content.space, history, seed=run.request.seed)
    found = measure_advice(advice, history, belief)
    run.tracking.log_json(run.run_id, found.to_dict(), ADVICE_FILE)
    if found.correlation is not None:
        run.tracking.log_metrics(run.run_id, {"experience_rank_correlation": found.correlation})
    return found.lines
