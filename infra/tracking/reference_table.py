"""The reference of a training table, stored as artifacts of its MLflow run.

reference/rows.parquet    a sample of raw rows or, if rows must not be stored,
reference/profile.json    histograms of the columns only
reference/views.json      how pictures and sentences become numbers of these columns
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from espalier.infra.settings import Settings
from espalier.infra.tracking.artifacts import fetch_file, read_json_file, read_text_file
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.training_rows import write_any_parquet
from espalier.pipelines.lifecycle.drift.reference import TableProfile, profile_table
from espalier.pipelines.lifecycle.drift.vector_views import (
    VectorView,
    compared,
    views_from_json,
    views_to_json,
)

ROWS_FILE = "reference/rows.parquet"
PROFILE_FILE = "reference/profile.json"
ABOUT_FILE = "reference/about.json"
VIEWS_FILE = "reference/views.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceTable:
    """The reference of a training table, for measuring drift of later tables.

    Attributes
    ----------
    profile : TableProfile
        Profile of its columns.
    rows : DataFrame or None
        The sample; None if no rows were stored.
    views : tuple of VectorView
        How pictures and sentences of later rows become numbers of the profile.
    """

    profile: TableProfile
    rows: pd.DataFrame | None = field(default=None, repr=False)
    views: tuple[VectorView, ...] = ()


def log_reference(
    tracking: Tracking,
    run_id: str,
    rows: pd.DataFrame,
    *,
    target: str,
    is_classification: bool,
    views: Sequence[VectorView] = (),
) -> None:
    """Log the sample, or only its profile if the settings do not keep rows.

    Parameters
    ----------
    tracking : Tracking
        The store.
    run_id : str
        MLflow run of the training.
    rows : DataFrame
        Sample from `espalier.pipelines.lifecycle.drift.reference.sample_rows`, with the numbers of
        the views.
    target : str
        The target column.
    is_classification : bool
        Whether the target holds classes.
    views : sequence of VectorView
        How pictures and sentences of later rows become numbers.
    """
    if views:
        tracking.log_text(run_id, views_to_json(views), VIEWS_FILE)
    if not tracking.settings.keep_reference_rows:
        profile = profile_table(
            compared(rows, views), target=target, is_classification=is_classification
        )
        tracking.log_text(run_id, profile.to_json(), PROFILE_FILE)
        return
    about = {"target": target, "is_classification": is_classification}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / Path(ROWS_FILE).name
        write_any_parquet(rows, path)
        tracking.log_file(run_id, path, str(Path(ROWS_FILE).parent))
    tracking.log_json(run_id, about, ABOUT_FILE)


def read_reference(settings: Settings, run_id: str) -> ReferenceTable | None:
    """Return the stored reference of a training run; None if there is none."""
    about = read_json_file(settings, run_id, ABOUT_FILE)
    if about is None:
        text = read_text_file(settings, run_id, PROFILE_FILE)
        if text is None:
            return None
        return ReferenceTable(profile=TableProfile.from_json(text), views=_views(settings, run_id))
    with tempfile.TemporaryDirectory() as scratch:
        path = fetch_file(settings, run_id, ROWS_FILE, Path(scratch))
        if path is None:
            return None
        rows = pd.read_parquet(path)
    views = _views(settings, run_id)
    profile = profile_table(
        compared(rows, views), target=about["target"], is_classification=about["is_classification"]
    )
    return ReferenceTable(profile=profile, rows=rows, views=views)


def _views(settings: Settings, run_id: str) -> tuple[VectorView, ...]:
    text = read_text_file(settings, run_id, VIEWS_FILE)
    return () if text is None else views_from_json(text)
