"""Open the MLflow run of a table in a build of experience, or continue it."""

from importlib.metadata import version as version_of

from espalier.infra.runs.notes import MLFLOW_RUN
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.trial_reader import dataset_tags
from espalier.pipelines.experience.recording.design import RecordingDesign
from espalier.pipelines.experience.recording.record import KnownDataset
from espalier.tasks.policies import retried_task

PACKAGES = (
    "espalier",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "lightgbm",
    "xgboost",
    "catboost",
)


@retried_task(
    name="open recording",
    description="Open the MLflow run of a table, or continue it.",
    tags=["espalier", "experience", "tracking"],
)
def open_recording(
    tracking: Tracking, notes: RunStore, dataset: KnownDataset, design: RecordingDesign
) -> str:
    """Return the id of the MLflow run of the table; ``notes`` keeps it for the next build."""
    noted = notes.noted(MLFLOW_RUN)
    if noted is not None and tracking.continue_run(noted):
        return str(noted)
    shape = dataset.shape
    run_id = tracking.start_run(
        f"experience {dataset.name}",
        tags={
            run_tags.KIND: "experience",
            run_tags.FINGERPRINT: dataset.fingerprint,
            run_tags.TARGET: dataset.target,
            "espalier.task": str(dataset.problem),
            "espalier.metric": dataset.metric,
        }
        | dataset_tags(dataset, package_versions()),
    )
    notes.note(MLFLOW_RUN, run_id)
    tracking.log_params(
        run_id,
        {
            "n_rows": shape.n_rows,
            "n_rows_whole": dataset.n_rows_whole,
            "n_columns": shape.n_columns,
            "folds": design.n_folds,
            "seed": design.seed,
            "seconds_per_trial": design.seconds,
        },
    )
    tracking.log_json(run_id, dataset.meta.to_dict(), "data/metafeatures.json")
    tracking.log_json(run_id, dict(package_versions()), "versions.json")
    return run_id


def package_versions() -> tuple[tuple[str, str], ...]:
    """Return the versions of the packages that trials depend on, as (package, version)."""
    return tuple((name, version_of(name)) for name in PACKAGES)
