"""Show rows that the model gets wrong, with their pictures and texts, within a few seconds."""

import logging

from prefect import task

from espalier.pipelines.explain.shown.examples import show_examples
from espalier.pipelines.images.reading import ImageReading
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.saved_model import load_model
from espalier.pipelines.texts.reading import MeaningReading
from espalier.tasks.pages.shown.shown_page import PAGE_FILE, shown_page
from espalier.tasks.policies import ALWAYS_RUN
from espalier.tasks.records import EnsembleRecord, PreparedRef, TrainingRun

_LOG = logging.getLogger(__name__)

MOST_SECONDS = 4.0
_FEWEST_SECONDS = 1.0


@task(
    name="examples",
    description="Show the hold-out rows that the model gets most wrong, and why.",
    tags=["espalier", "ensemble"],
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def log_examples(
    run: TrainingRun, prepared: PreparedRef, ensemble: EnsembleRecord, deadline: Deadline
) -> None:
    """Log a page of examples; nothing where there are no pictures and texts, or no time.

    Where no rows are kept in MLflow there is no page either.
    """
    left, settings = min(MOST_SECONDS, deadline.seconds_left), run.tracking.settings
    kept = settings.keep_holdout_rows > 0 and settings.keep_reference_rows > 0
    if prepared.series is not None or left < _FEWEST_SECONDS or not kept:
        return
    try:
        data = prepared.data
        if not any(
            isinstance(plan.reading, ImageReading | MeaningReading)
            for plan in data.preparation.plans
        ):
            return  # most tables: the model need not be read for that
        model = load_model(ensemble.path)
        end = Deadline.after(left)
        shown = show_examples(model, data.holdout_rows, data.holdout_y, deadline=end)
        if shown is not None:
            run.tracking.log_text(
                run.run_id, shown_page(shown, run.request.name or "The model"), PAGE_FILE
            )
    except Exception:  # nobody is to lose a trained model for a page
        _LOG.warning("there are no examples", exc_info=True)
