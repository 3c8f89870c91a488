"""Explain the search: which settings mattered, who proposed what, where the best came from."""

import logging

from prefect import task

from espalier.pipelines.explain.search.story import SearchStory, tell_search
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.history import History
from espalier.tasks.policies import ALWAYS_RUN
from espalier.tasks.records import EnsembleRecord, PreparedRef, TrainingRun

_LOG = logging.getLogger(__name__)

# The forests of a few hundred trials take about that long; below it the registration needs it.
FEWEST_SECONDS = 1.0


@task(
    name="explain search",
    description="Compute from the recorded trials which settings mattered and who found the best.",
    tags=["espalier", "ensemble"],
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def explain_search(
    run: TrainingRun,
    prepared: PreparedRef,
    ensemble: EnsembleRecord,
    history: History,
    deadline: Deadline,
) -> SearchStory | None:
    """Return the story of the search; None for forecasts, if time is short, or if it fails."""
    if deadline.seconds_left < FEWEST_SECONDS or prepared.series is not None:
        return None
    try:
        return tell_search(
            history,
            prepared.data.space,
            weights=ensemble.weights,
            seed=run.request.seed,
            growth=ensemble.growth,
        )
    except Exception:  # nobody is to lose a trained model for a chart
        _LOG.warning("the search could not be explained", exc_info=True)
        return None
