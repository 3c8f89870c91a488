"""Meta-features: about forty numbers that characterise the dataset."""

from espalier.pipelines.serialization.strict_json import to_json
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef


@retried_task(
    name="profile",
    description="Measure the meta-features of the dataset.",
    tags=["espalier", "data"],
)
def profile_dataset(ref: PreparedRef, seed: int) -> dict[str, float]:
    """Return the meta-features by name, and write them into the run folder."""
    from espalier.pipelines.metafeatures.profile import profile

    values = profile(read_pickle(ref.path).search, seed=seed).to_dict()
    ref.path.with_name("metafeatures.json").write_text(to_json(values))
    return values
