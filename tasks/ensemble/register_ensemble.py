"""Register the ensemble as a model version, and log what explains the run to MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from espalier.infra.registry.registry import RegisteredVersion, register_version
from espalier.infra.tracking.artifacts import LEADERBOARD_FILE
from espalier.infra.tracking.logged_dataset import ModelMetrics
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.trials.failures import Failures
from espalier.tasks.artifacts import publish_markdown, publish_table
from espalier.tasks.ensemble.member_records import (
    MEMBERS_FILE,
    VERSIONS_FILE,
    environment_versions,
    member_records,
)
from espalier.tasks.pages.leaderboard_table import (
    front_tags,
    leaderboard_csv,
    leaderboard_record,
)
from espalier.tasks.pages.model_card import model_card
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import (
    NOTHING_INHERITED,
    EnsembleRecord,
    HoldoutRecord,
    InheritedTraining,
    PreparedRef,
    TrainingRun,
    ValidationRecord,
)

LEARNT_ALL = "refit_on_all"
"""Tag of a version that has learnt from its hold-out, after that had scored it."""


@retried_task(
    name="register",
    description="Log the ensemble with everything that explains it, and register it.",
    tags=["espalier", "registry"],
    timeout_seconds=30 * MINUTES,
)
def register_ensemble(
    run: TrainingRun,
    prepared: PreparedRef,
    ensemble: EnsembleRecord,
    holdout: HoldoutRecord,
    leaderboard: Sequence[LeaderboardRow],
    inherited: InheritedTraining = NOTHING_INHERITED,
) -> RegisteredVersion:
    """Register the ensemble: as champion if the model has none, else as challenger.

    If the run has registered a version already, that one is returned.
    """
    tracking, run_id = run.tracking, run.run_id
    low, high = holdout.interval
    numbers = {
        "holdout_score": holdout.score,
        "holdout_low": low,
        "holdout_high": high,
        "cv_score": ensemble.cv_score,
        "baseline_score": holdout.baseline,
    }
    run.store.check_lock()  # remains of a killed run are removed, not what another one uploads
    version = register_version(
        tracking,
        name=run.request.model_name,
        run_id=run_id,
        folder=ensemble.path,
        example=prepared.content.example,
        tags={
            **{key: f"{value:.6g}" for key, value in numbers.items()},
            "metric": prepared.metric,
            "task": prepared.task,
            "method": ensemble.method,
            "fingerprint": run.table.fingerprint,
            **({LEARNT_ALL: "true"} if ensemble.learnt_all else {}),
            **inherited.tags,
            **front_tags(run.settings.preference, ensemble.front),
        },
        description=model_card(prepared, ensemble, holdout, leaderboard),
        metrics=ModelMetrics(
            values=numbers, table=run.request.model_name, fingerprint=run.table.fingerprint
        ),
    )
    rows = [leaderboard_record(row) for row in leaderboard]
    publish_table("leaderboard", [_shown(row) for row in rows], "Trials, best first")
    card = model_card(prepared, ensemble, holdout, leaderboard, version)
    publish_markdown("model", card, "The model")
    tracking.set_tags(run_id, {"mlflow.note.content": card})  # what the run's page shows
    return version


@retried_task(
    name="log summary",
    description="Log what explains the run to MLflow: leaderboard, suite, profile, versions.",
    tags=["espalier", "tracking"],
)
def log_summary(
    run: TrainingRun,
    prepared: PreparedRef,
    validation: ValidationRecord,
    profile: Mapping[str, float],
    ensemble: EnsembleRecord,
    leaderboard: Sequence[LeaderboardRow],
    failures: Sequence[Failures],
) -> None:
    """Log the leaderboard, the failures, the suite's result, the meta-features and the versions."""
    tracking, run_id = run.tracking, run.run_id
    rows = [leaderboard_record(row) for row in leaderboard]
    tracking.log_json(run_id, rows, LEADERBOARD_FILE)
    tracking.log_text(run_id, leaderboard_csv(rows), "leaderboard.csv")
    tracking.log_json(run_id, [asdict(each) for each in failures], "failures.json")
    tracking.log_file(run_id, validation.json_path, "validation")
    tracking.log_file(run_id, validation.html_path, "validation")
    tracking.log_json(run_id, dict(profile), "data/metafeatures.json")
    tracking.log_json(run_id, [list(each) for each in prepared.set_aside], "data/set_aside.json")
    if prepared.bad_files:
        listed = [asdict(each) for each in prepared.bad_files]
        tracking.log_json(run_id, listed, "data/bad_files.json")
    tracking.log_json(run_id, [list(each) for each in ensemble.combiners], "ensemble.json")
    if ensemble.front:
        front = [each.to_dict() for each in ensemble.front]
        tracking.log_json(run_id, front, "front.json")
    tracking.log_json(run_id, ensemble.adjusted.to_dict(), "adjustments.json")
    tracking.log_metrics(run_id, ensemble.adjusted.figures)
    tracking.log_params(run_id, ensemble.adjusted.settings)
    tracking.log_json(run_id, member_records(prepared, ensemble), MEMBERS_FILE)
    tracking.log_json(run_id, environment_versions(), VERSIONS_FILE)
    tracking.set_tags(
        run_id,
        {
            "espalier.task": prepared.task,
            "espalier.metric": prepared.metric,
            "espalier.folds": prepared.folds,
            "espalier.ensemble": ensemble.method,
        }
        # A run that is continued may come to another ensemble; tags can change, parameters not.
        | front_tags(run.settings.preference, ensemble.front, prefix="espalier.")
        | {f"espalier.{name}": value for name, value in ensemble.adjusted.settings.items()},
    )


def _shown(row: Mapping[str, object]) -> dict[str, object]:
    """Return a leaderboard row without its configuration, with rounded numbers."""
    return {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in row.items()
        if key != "configuration"
    }
