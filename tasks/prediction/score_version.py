"""Predict rows with one registered version, in a separate process."""

from espalier.infra.registry.scoring import score_rows
from espalier.tasks.policies import retried_task

score_version = retried_task(
    name="score version",
    description="Predict rows with one registered version, in a separate process.",
    task_run_name="score {version.name}/{version.version}",
    tags=["espalier", "serving"],
)(score_rows)
