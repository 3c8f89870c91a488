"""What experience advises a training to try first, and how right it was in the end."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from espalier.pipelines.trials.history import History
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef, TrainingRun

if TYPE_CHECKING:  # loads scipy.stats
    from espalier.pipelines.experience.advice import Advice

ADVICE_FILE = "experience.json"


@retried_task(
    name="consult experience",
    description="Find similar datasets and what to try first; say what to expect of it.",
    tags=["espalier", "experience"],
)
def consult_experience(
    run: TrainingRun, prepared: PreparedRef, profile: Mapping[str, float]
) -> "Advice | None":
    """Return what experience advises for the prepared data; None without any.

    A run that is continued is advised by what is there then; its trials so far count more.

    Raises
    ------
    UserError
        The folder that the settings name holds none that can be read.
    """
    from espalier.infra.registry.experience_source import open_experience
    from espalier.pipelines.experience.advice import advise
    from espalier.pipelines.experience.recording.record import content_of
    from espalier.pipelines.metafeatures.profile import MetaFeatures
    from espalier.pipelines.metafeatures.statement import statement_vector

    opened = open_experience(run.tracking.settings)
    if opened is None:
        return None
    return advise(
        opened.knowledge,
        prepared.data.space,
        MetaFeatures.from_dict(profile),
        content=content_of(run.table.fingerprint, run.request.target),
        about=statement_vector(run.request.about or ""),
        source=opened.source.name,
    )


@retried_task(
    name="log advice outcome",
    description="Log what experience expected of the first trials, and what came of them.",
    tags=["espalier", "experience", "tracking"],
)
def log_advice_outcome(run: TrainingRun, advice: "Advice", history: History) -> tuple[str, ...]:
    """Log the record as an artifact, its rank correlation as a metric; return lines for people."""
    from espalier.pipelines.experience.advice import measure_advice

    found = measure_advice(advice, history)
    run.tracking.log_json(run.run_id, found.to_dict(), ADVICE_FILE)
    if found.correlation is not None:
        run.tracking.log_metrics(run.run_id, {"experience_rank_correlation": found.correlation})
    return found.lines
