"""Log which rows a model was trained on to MLflow, with the hold-out and a sample."""

import numpy as np

from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.reference_table import log_reference
from espalier.infra.tracking.training_rows import TrainingRows, log_training_rows
from espalier.pipelines.data.row_keys import identified_rows
from espalier.pipelines.seeds import generator
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef, TrainingRun


@retried_task(
    name="keep rows",
    description="Keep the keys of the rows, the hold-out and a sample, to compare with later.",
    tags=["espalier", "tracking"],
)
def keep_rows(run: TrainingRun, prepared: PreparedRef, *, learnt_all: bool = False) -> None:
    """Log keys of the training and hold-out rows, the hold-out, and a sample for drift.

    The settings say how many rows of the hold-out and of the sample are kept; 0 keeps none. A model
    that has learnt from its hold-out has none to compare it on: all rows are recorded as trained.
    Of series nothing is kept here: the forecast itself has the newest values.

    Parameters
    ----------
    run : TrainingRun
        The training run.
    prepared : PreparedRef
        The prepared data.
    learnt_all : bool
        Whether the registered model has learnt from the hold-out rows.
    """
    from espalier.pipelines.lifecycle.drift.reference import MOST_ROWS, sample_rows
    from espalier.pipelines.lifecycle.drift.vector_views import views_of, with_numbers

    if prepared.series is not None:
        return
    request, tracking, run_id = run.request, run.tracking, run.run_id
    raw, data = read_pickle(run.table.path), prepared.data
    columns, keys = identified_rows(raw, request.target)
    holdout, most = data.holdout_rows, tracking.settings.keep_holdout_rows
    if len(holdout) > most:
        drawn = generator(request.seed, "kept holdout").choice(
            len(holdout), size=most, replace=False
        )
        holdout = holdout.iloc[np.sort(drawn)]
    searched, held_out = keys[data.search_positions], keys[data.holdout_positions]
    log_training_rows(
        tracking,
        run_id,
        TrainingRows(
            columns=columns,
            trained=np.concatenate([searched, held_out]) if learnt_all else searched,
            held_out=held_out[:0] if learnt_all else held_out,
            holdout=holdout if most and not learnt_all else None,
        ),
    )
    settings = tracking.settings
    if settings.keep_holdout_rows or settings.keep_reference_rows:
        tracking.set_tags(run_id, {run_tags.ROWS: run_tags.ROWS_KEPT})
    sample = sample_rows(
        raw,
        [*data.preparation.columns, request.target],
        seed=request.seed,
        most=tracking.settings.keep_reference_rows or MOST_ROWS,
    )
    views = views_of(sample, data.preparation)
    log_reference(
        tracking,
        run_id,
        with_numbers(sample, views),
        target=request.target,
        is_classification=prepared.problem.is_classification,
        views=views,
    )
