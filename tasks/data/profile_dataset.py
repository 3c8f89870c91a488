"""Meta-features: about forty numbers that characterise the dataset."""

from espalier.pipelines.metafeatures.profile import profile
from espalier.pipelines.serialization.strict_json import to_json
from espalier.tasks.policies import kept_task
from espalier.tasks.records import PreparedRef, TrainingRun


@kept_task(
    name="profile",
    description="Measure the meta-features of the dataset.",
    tags=["espalier", "data"],
)
def profile_dataset(run: TrainingRun, prepared: PreparedRef) -> dict[str, float]:
    """Compute the meta-features, write them into the run folder, and return them by name."""
    values = profile(prepared.data.search, seed=run.request.seed).to_dict()
    (run.folder / "metafeatures.json").write_text(to_json(values))
    return values
