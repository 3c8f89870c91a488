"""Measure the drift of a table from the training table of a model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tracking.reference_table import read_reference
from espalier.infra.tracking.training_rows import TrainingRows, read_training_rows
from espalier.pipelines.data.row_keys import row_keys
from espalier.pipelines.lifecycle.drift.drift import DriftReport, measure_drift
from espalier.pipelines.lifecycle.drift.two_sample import two_sample_test
from espalier.pipelines.lifecycle.drift.vector_views import as_seen
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import TableRef

FEWEST_NEW_ROWS = 40
"""With fewer rows that the training did not have, the whole table is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableComparison:
    """Drift of a table, and which rows it was measured on.

    Attributes
    ----------
    drift : DriftReport or None
        None if the training kept no rows to compare with.
    only_new : bool
        Whether rows that the training already had were left out.
    n_new : int or None
        Number of rows that the training did not have; None if unknown.
    """

    drift: DriftReport | None
    only_new: bool = False
    n_new: int | None = None


@retried_task(
    name="measure drift",
    description="Compare the table with the one that the model was trained on.",
    tags=["espalier", "data"],
    timeout_seconds=30 * MINUTES,
)
def measure_table_drift(
    table: TableRef, version: RegisteredVersion, settings: Settings, seed: int
) -> TableComparison:
    """Measure the drift of a staged table; see `compare_tables`."""
    return compare_tables(read_pickle(table.path), version, settings, seed)


def compare_tables(
    table: pd.DataFrame, version: RegisteredVersion, settings: Settings, seed: int
) -> TableComparison:
    """Measure the drift of raw rows from the training table of a version.

    Rows that the training already had are left out if there are enough others: the drift of one
    month must not be hidden by the years before it.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows.
    version : RegisteredVersion
        The model version.
    settings : Settings
        Settings that name the stores.
    seed : int
        Random seed of the classifier two-sample test.
    """
    if version.run_id is None:
        return TableComparison(drift=None)
    reference = read_reference(settings, version.run_id)
    if reference is None:
        return TableComparison(drift=None)
    new = new_rows(table, read_training_rows(settings, version.run_id))
    n_new = None if new is None else int(new.sum())
    only_new = new is not None and n_new is not None and FEWEST_NEW_ROWS <= n_new < len(table)
    rows = table.iloc[np.flatnonzero(new)] if only_new and new is not None else table
    rows = as_seen(rows, reference.views)
    test = None
    if reference.rows is not None:
        test = two_sample_test(reference.rows, rows, reference.profile, seed=seed)
    drift = measure_drift(reference.profile, rows, classifier=test)
    return TableComparison(drift=drift, only_new=only_new, n_new=n_new)


def new_rows(table: pd.DataFrame, kept: TrainingRows | None) -> NDArray[np.bool_] | None:
    """Return a mask of the rows that a training did not have, shape (n_rows,); None if unknown."""
    if kept is None:
        return None
    try:
        keys = row_keys(table, kept.columns)
    except KeyError:
        return None
    return ~np.isin(keys, np.concatenate([kept.trained, kept.held_out]))
