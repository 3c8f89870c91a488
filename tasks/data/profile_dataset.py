"""Meta-features: about forty numbers that characterise the dataset."""

from espalier.pipelines.forecasting.profile import profile_panel
from espalier.pipelines.metafeatures.contents import contents
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
    seed = run.request.seed
    if prepared.series is not None:
        data = prepared.forecast
        values = profile_panel(data.search.panel, horizon=data.horizon, seed=seed)
    else:
        search = prepared.data.search
        values = profile(search, seed=seed).to_dict() | contents(search, seed=seed)
    (run.folder / "metafeatures.json").write_text(to_json(values))
    return values
