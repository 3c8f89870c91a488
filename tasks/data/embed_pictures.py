"""Open every picture of a training table, and make its features."""

import time

import pandas as pd

from espalier.pipelines.automl.frozen_features import FrozenFeatures
from espalier.pipelines.learners.registry import reads_pixels_alone
from espalier.pipelines.resources.budget import Deadline
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import MINUTES, kept_task
from espalier.tasks.records import PicturesRecord, TrainingRun

BUDGET_SHARE = 0.6
"""Share of the time budget that pictures may take at most; without a search there is no model."""


@kept_task(
    name="pictures",
    description="Open every picture, and make the features that a frozen network sees in it.",
    tags=["espalier", "data"],
    timeout_seconds=12 * 60 * MINUTES,
)
def embed_pictures(run: TrainingRun) -> PicturesRecord:
    """Make the features of the picture columns, and return what was found.

    The vectors are kept by the content of the pictures: a retry, or another training on the same
    pictures, makes only those that are missing. Tables without pictures take a moment.

    Raises
    ------
    UserError
        A named column does not exist, a package is missing, most pictures of a column cannot be
        used, or there is no time for them.
    """
    request = run.request
    table: pd.DataFrame = read_pickle(run.table.path)
    seconds = request.budget.seconds
    steering = (request.group_column, request.time_column, request.weight_column)
    frozen = FrozenFeatures(
        image_columns=request.image_columns or None,
        glance=reads_pixels_alone(run.settings.families),
        seconds=seconds,
        leave_out=(request.target, *request.exclude, *(each for each in steering if each)),
        deadline=Deadline.after(None if seconds is None else BUDGET_SHARE * seconds),
        bad_files=request.bad_files,
    )
    began = time.monotonic()
    pictures = frozen.pictures(table)
    return PicturesRecord(
        columns=tuple(pictures.planned),
        look=pictures.look,
        n_pictures=pictures.n_pictures,
        n_computed=pictures.n_computed,
        n_unread=pictures.n_unread,
        seconds=time.monotonic() - began,
        notes=pictures.notes,
        warnings=pictures.warnings,
        bad_files=pictures.bad,
    )
