"""Tag the MLflow run of a training with facts about its data, for `espalier learn`."""

from collections.abc import Mapping

from espalier.infra.tracking.trial_reader import dataset_tags
from espalier.pipelines.experience.recording.record import KnownDataset, forecast_target
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.metafeatures.statement import statement_vector
from espalier.tasks.experience.open_recording import package_versions
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef, TrainingRun


@retried_task(
    name="tag dataset",
    description="Tag the MLflow run with meta-features, to learn from its trials later.",
    tags=["espalier", "experience", "tracking"],
)
def tag_dataset(run: TrainingRun, prepared: PreparedRef, profile: Mapping[str, float]) -> None:
    """Set the tags; done early, so that a run that is killed later has them.

    Runs on pictures get none: what was learned from them would be taken for tables of numbers.
    """
    if prepared.shape.is_of_pictures:
        return
    request, series = run.request, prepared.series
    known = KnownDataset(
        fingerprint=run.table.fingerprint,
        name=request.model_name,
        target=request.target
        if series is None
        else forecast_target(request.target, series.horizon),
        metric=prepared.metric,
        n_rows_whole=prepared.shape.n_rows + prepared.n_holdout,
        shape=prepared.shape,
        rows_cap=prepared.shape.n_rows,
        n_folds=prepared.n_folds,
        seed=request.seed,
        meta=MetaFeatures.catalogued(profile),
        about=statement_vector(request.about or ""),
    )
    run.tracking.set_tags(run.run_id, dataset_tags(known, package_versions()))
