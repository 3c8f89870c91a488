"""What experience advises a training to try first, and how right it was in the end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import task

from infra.tracking import Tracking
from pipelines.history import History
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass
from tasks.records import PreparedRef

if TYPE_CHECKING:  # loads scipy.stats, and most trainings ask nobody
    from pipelines.experience.advice import Advice

ADVICE_FILE = "experience.json"


def consult(
    folder: Path | None,
    prepared: PreparedRef,
    families: Sequence[str],
    profile: Mapping[str, float],
) -> "Advice | None":
    """Return the advice for a training; a training without experience asks nobody."""
    return None if folder is None else consult_experience(folder, prepared, families, profile)


@task(
    name="consult experience",
    description="Find similar datasets and what to try first; say what to expect of it.",
    tags=["espalier", "experience"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def consult_experience(
    folder: Path, prepared: PreparedRef, families: Sequence[str], profile: Mapping[str, float]
) -> "Advice":
    """Return what the fitted experience in ``folder`` advises for the prepared data.

    Raises
    ------
    UserError
        The folder holds none that can be read.
    """
    from pipelines.experience.advice import advise
    from pipelines.experience.knowledge import open_knowledge
    from pipelines.learners.registry import choose_learners
    from pipelines.metafeatures.profile import MetaFeatures
    from pipelines.space.joint import SearchSpace

    shape = prepared.shape
    space = SearchSpace(choose_learners(families or None, shape), shape)
    return advise(open_knowledge(folder), space, MetaFeatures.from_dict(profile))


def judge(
    tracking: Tracking, run_id: str, advice: "Advice | None", history: History
) -> tuple[str, ...]:
    """Put on record what was expected and what came; return it for people, a line each."""
    return () if advice is None else judge_advice(tracking, run_id, advice, history)


@task(
    name="judge experience",
    description="Log what experience expected of the first trials, and what came of them.",
    tags=["espalier", "experience", "tracking"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def judge_advice(
    tracking: Tracking, run_id: str, advice: "Advice", history: History
) -> tuple[str, ...]:
    """Log the record as an artifact, and the rank correlation as a metric of the run."""
    from pipelines.experience.advice import calibrate

    found = calibrate(advice, history)
    tracking.log_json(run_id, found.to_dict(), ADVICE_FILE)
    if found.correlation is not None:
        tracking.log_metrics(run_id, {"experience_rank_correlation": found.correlation})
    return found.lines
