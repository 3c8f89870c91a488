"""Register a fitted performance predictor."""

from pathlib import Path

from espalier.infra.registry.logged_predictor import PredictorVersion, add_predictor_version
from espalier.infra.tracking.tracking import Tracking
from espalier.tasks.experience.fit_predictor import PredictorFit
from espalier.tasks.policies import retried_task


@retried_task(
    name="register predictor",
    description="Log the predictor to MLflow and register it as champion or challenger.",
    tags=["espalier", "experience", "registry"],
)
def register_predictor(
    tracking: Tracking, run_id: str, folder: Path, learned: PredictorFit, *, promoted: bool
) -> PredictorVersion:
    """Log and register the predictor in ``folder``; return the registered version."""
    card, comparison = learned.card, learned.comparison
    tracking.log_json(run_id, comparison.to_dict(), "contest.json")
    return add_predictor_version(
        tracking,
        run_id,
        folder,
        promoted=promoted,
        tags={
            "records": str(card.n_records),
            "datasets": str(card.n_datasets),
            "median_spearman": f"{comparison.fresh.median:.4f}",
            "compared_with": learned.compared_with,
            "difference": f"{comparison.difference:+.4f}",
        },
        description=f"{card.n_records:,} trials on {card.n_datasets} datasets. {comparison.words}.",
    )
