"""What was learned becomes a version in the registry."""

from pathlib import Path

from espalier.infra.registry.logged_predictor import PredictorVersion, register_predictor
from espalier.infra.tracking.tracking import Tracking
from espalier.tasks.experience.fit_predictor import Learned
from espalier.tasks.policies import retried_task


@retried_task(
    name="keep predictor",
    description="Log the predictor to MLflow and register it; the better one is champion.",
    tags=["espalier", "experience", "registry"],
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
