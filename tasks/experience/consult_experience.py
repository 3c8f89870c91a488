"""What experience advises a training to try first, and how right it was in the end."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.trials.history import History
from espalier.tasks.experience.tag_dataset import tag_dataset
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef, TableRef

if TYPE_CHECKING:  # loads scipy.stats
    from espalier.pipelines.experience.advice import Advice

ADVICE_FILE = "experience.json"


def consult(
    tracking: Tracking,
    run_id: str,
    *,
    table: TableRef,
    prepared: PreparedRef,
    request: TrainRequest,
    profile: Mapping[str, float],
) -> "Advice | None":
    """Note in MLflow what later learning needs of the data; return what experience advises."""
    tag_dataset(tracking, run_id, table=table, prepared=prepared, request=request, profile=profile)
    return consult_experience(
        tracking.settings, table=table, prepared=prepared, request=request, profile=profile
    )


@retried_task(
    name="consult experience",
    description="Find similar datasets and what to try first; say what to expect of it.",
    tags=["espalier", "experience"],
)
def consult_experience(
    settings: Settings,
    *,
    table: TableRef,
    prepared: PreparedRef,
    request: TrainRequest,
    profile: Mapping[str, float],
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
    from espalier.pipelines.learners.registry import choose_learners
    from espalier.pipelines.metafeatures.profile import MetaFeatures
    from espalier.pipelines.metafeatures.statement import statement_vector
    from espalier.pipelines.space.joint import SearchSpace

    opened = open_experience(settings)
    if opened is None:
        return None
    shape = prepared.shape
    learners = choose_learners(request.families or None, shape, interpretable=request.interpretable)
    return advise(
        opened.knowledge,
        SearchSpace(learners, shape),
        MetaFeatures.from_dict(profile),
        content=content_of(table.fingerprint, request.target),
        about=statement_vector(request.about or ""),
        source=opened.source.name,
    )


def report_advice_outcome(
    tracking: Tracking, run_id: str, advice: "Advice | None", history: History
) -> tuple[str, ...]:
    """Put on record what was expected and what came; return it for people, a line each."""
    return () if advice is None else log_advice_outcome(tracking, run_id, advice, history)


@retried_task(
    name="log advice outcome",
    description="Log what experience expected of the first trials, and what came of them.",
    tags=["espalier", "experience", "tracking"],
)
def log_advice_outcome(
    tracking: Tracking, run_id: str, advice: "Advice", history: History
) -> tuple[str, ...]:
    """Log the record as an artifact, and the rank correlation as a metric of the run."""
    from espalier.pipelines.experience.advice import measure_advice

    found = measure_advice(advice, history)
    tracking.log_json(run_id, found.to_dict(), ADVICE_FILE)
    if found.correlation is not None:
        tracking.log_metrics(run_id, {"experience_rank_correlation": found.correlation})
    return found.lines
