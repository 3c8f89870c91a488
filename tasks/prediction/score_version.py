"""One version's answers to rows, from a process of its own."""

from espalier.infra.registry.scoring import score_rows
from espalier.tasks.policies import retried_task

score_version = retried_task(
    name="score version",
    description="Score rows with one registered version, in a process of its own.",
    task_run_name="score {version.name}/{version.version}",
    tags=["espalier", "serving"],
)(score_rows)
