"""Show rows that the model gets wrong, with their pictures and texts, within a few seconds."""

import logging

from prefect import task

from espalier.infra.tracking.artifacts import EXAMPLES_FILE
from espalier.pipelines.explain.shown.examples import show_examples
from espalier.pipelines.images.reading import ImageReading
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.saved_model import load_model
from espalier.pipelines.texts.reading import MeaningReading
from espalier.tasks.pages.shown.shown_page import shown_page
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
) -> bool:
    """Log a page of examples, and return whether there is one.

    There is none without pictures and texts, without time, and where no rows are kept in MLflow.
    """
    left, settings = min(MOST_SECONDS, deadline.seconds_left), run.tracking.settings
    kept = settings.keep_holdout_rows > 0 and settings.keep_reference_rows > 0
    if prepared.series is not None or left < _FEWEST_SECONDS or not kept:
        return False
    try:
        data = prepared.data
        if not any(
            isinstance(plan.reading, ImageReading | MeaningReading)
            for plan in data.preparation.plans
        ):
            return False  # most tables: the model need not be read for that
        model = load_model(ensemble.path)
        end = Deadline.after(left)
        shown = show_examples(model, data.holdout_rows, data.holdout_y, deadline=end)
        if shown is None:
            return False
        page = shown_page(shown, run.request.name or "The model")
        run.tracking.log_text(run.run_id, page, EXAMPLES_FILE)
    except Exception:  # nobody is to lose a trained model for a page
        _LOG.warning("there are no examples", exc_info=True)
        return False
    return True
