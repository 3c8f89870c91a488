"""The story of a batch of predictions: read, score with a registered model, write."""

from prefect import flow, task

from pipelines.request import PredictRequest
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass
from tasks.score_table import ScoreRecord, score_table

score = task(
    name="score",
    tags=["espalier", "serving"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)(score_table)


@flow(name="predict", description="Score a table with a registered model.", persist_result=False)
def predict(request: PredictRequest) -> ScoreRecord:
    """Score a table with a registered model and write the predictions."""
    return score(request)
