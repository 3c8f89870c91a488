"""What was learned becomes a version in the registry."""

from pathlib import Path

from prefect import task

from infra.logged_predictor import PredictorVersion, register_predictor
from infra.tracking import Tracking
from tasks.learn_predictor import Learned
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass


@task(
    name="keep predictor",
    description="Log the predictor to MLflow and register it; the better one is champion.",
    tags=["espalier", "experience", "registry"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def keep_predictor(
    tracking: Tracking, run_id: str, folder: Path, learned: Learned, *, promoted: bool
) -> PredictorVersion:
    """Return the registered version."""
    card, contest = learned.card, learned.contest
    tracking.log_json(run_id, contest.to_dict(), "contest.json")
    return register_predictor(
        tracking,
        run_id,
        folder,
        promoted=promoted,
        tags={
            "records": str(card.n_records),
            "datasets": str(card.n_datasets),
            "median_spearman": f"{contest.fresh.median:.4f}",
            "compared_with": learned.rival,
            "difference": f"{contest.difference:+.4f}",
        },
        description=f"{card.n_records:,} trials on {card.n_datasets} datasets. {contest.words}.",
    )
