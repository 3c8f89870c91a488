"""What the MLflow run of a training says about its data, so that its trials can be learned from."""

from collections.abc import Mapping

from prefect import task

from infra.tracking import Tracking
from infra.trial_reader import dataset_tags
from pipelines.request import TrainRequest
from tasks.open_recording import package_versions
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass
from tasks.records import PreparedRef, TableRef


@task(
    name="note dataset",
    description="Tag the MLflow run with what learning from its trials needs: figures, no rows.",
    tags=["espalier", "experience", "tracking"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def note_dataset(
    tracking: Tracking,
    run_id: str,
    *,
    table: TableRef,
    prepared: PreparedRef,
    request: TrainRequest,
    profile: Mapping[str, float],
) -> None:
    """Set the tags; early in the run, so that a run that is killed later has them."""
    from pipelines.experience.record import KnownDataset
    from pipelines.metafeatures.profile import MetaFeatures
    from pipelines.metafeatures.statement import statement_vector

    known = KnownDataset(
        fingerprint=table.fingerprint,
        name=request.model_name,
        target=request.target,
        metric=prepared.metric,
        n_rows_whole=prepared.shape.n_rows + prepared.n_holdout,
        shape=prepared.shape,
        rows_cap=prepared.shape.n_rows,
        n_folds=prepared.n_folds,
        seed=request.seed,
        meta=MetaFeatures.from_dict(profile),
        about=statement_vector(request.about or ""),
    )
    tracking.set_tags(run_id, dataset_tags(known, package_versions()))
