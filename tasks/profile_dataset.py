"""Meta-features: about forty numbers that characterise the dataset."""

from prefect import task

from pipelines.json_text import to_json
from tasks.policies import BACKOFF, JITTER, RETRIES, retry_if_it_can_pass
from tasks.records import PreparedRef
from tasks.staging import read_pickle


@task(
    name="profile",
    description="Measure the meta-features of the dataset.",
    tags=["espalier", "data"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
)
def profile_dataset(ref: PreparedRef, seed: int) -> dict[str, float]:
    """Return the meta-features by name, and write them into the run folder."""
    from pipelines.metafeatures.profile import profile

    values = profile(read_pickle(ref.path).search, seed=seed).to_dict()
    ref.path.with_name("metafeatures.json").write_text(to_json(values))
    return values
