"""What to try next, given everything that was tried."""

from collections.abc import Sequence

from prefect import task

from pipelines.history import History
from pipelines.search.propose import propose_batch as propose
from pipelines.space.joint import SearchSpace
from pipelines.trial import Trial
from tasks.policies import ALWAYS_RUN, MINUTES


@task(
    name="propose",
    description="Propose the next batch of trials from the history of the run.",
    tags=["espalier", "search"],
    timeout_seconds=10 * MINUTES,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
    log_prints=False,
)
def propose_batch(
    space: SearchSpace,
    history: History,
    *,
    n: int,
    seed: int,
    pending: Sequence[Trial],
    strategy: str,
    seconds_limit: float | None,
) -> list[Trial]:
    """Return ``n`` trials; the same inputs give the same trials."""
    return propose(
        space,
        history,
        n=n,
        seed=seed,
        pending=pending,
        strategy=strategy,
        seconds_limit=seconds_limit,
    )
