"""One version's answers to rows, from a process of its own."""

from prefect import task

from infra.scoring import score_rows
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass

score_version = task(
    name="score version",
    description="Score rows with one registered version, in a process of its own.",
    task_run_name="score {version.name}/{version.version}",
    tags=["espalier", "serving"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)(score_rows)
