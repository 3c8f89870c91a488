"""Compute promotion metrics from both models' predictions of rows neither was trained on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.assemble import read_row_weights
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.data.target import target_present
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.comparison import compare_scores, compare_slices
from espalier.pipelines.lifecycle.promotion.policy import PromotionMetrics, PromotionPolicy
from espalier.pipelines.lifecycle.promotion.predictions import (
    IncomparableError,
    ModelPredictions,
    align_predictions,
)
from espalier.pipelines.lifecycle.promotion.slices import find_slices
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import check_target

SLICE_SAMPLES = 400


def rows_with_target(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows that have a target.

    Raises
    ------
    UserError
        The target column is missing.
    """
    named = with_unique_names(table)
    if target not in named:
        raise UserError(f"the rows to compare on have no column {target!r}, the target")
    return named[target_present(named[target])].reset_index(drop=True)


def measure_promotion(
    table: pd.DataFrame,
    *,
    target: str,
    champion: ModelPredictions,
    challenger: ModelPredictions,
    metric: str | None,
    policy: PromotionPolicy,
    slices: Sequence[str] = (),
    group_column: str | None = None,
    weight_column: str | None = None,
    seed: int = 0,
) -> PromotionMetrics:
    """Compare two models on rows with a known target.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows with their target, none missing.
    target : str
        The target column.
    champion, challenger : ModelPredictions
        Predictions of these rows.
    metric : str or None
        Name of the metric; None for the problem's default.
    policy : PromotionPolicy
        Gives the confidence level and the smallest size of slices.
    slices : sequence of str
        Columns to slice by.
    group_column : str or None
        Column of groups; rows with the same value are resampled together.
    weight_column : str or None
        Column of row weights; rows without a weight cannot be used.
    seed : int
        Seed of the bootstrap samples.

    Raises
    ------
    UserError
        A column to slice by does not exist.
    """
    parts = find_slices(table, slices, min_rows=policy.min_slice_rows)
    known = PromotionMetrics(
        n_rows=len(table),
        latency_ms=challenger.latency_ms,
        champion_latency_ms=champion.latency_ms,
        size_mb=challenger.size_mb,
    )
    try:
        aligned = align_predictions(table[target], champion, challenger)
        chosen = get_metric(metric, aligned.problem, aligned.n_classes)
        check_target(chosen, aligned.y)
        if chosen.needs == "labels":
            aligned = align_predictions(table[target], champion.decided, challenger.decided)
        weights = _weights(table, weight_column)
    except (IncomparableError, UserError) as error:
        return replace(known, obstacles=(_sentence(str(error)),))
    args = (chosen, aligned.problem, aligned.y, aligned.champion, aligned.challenger)
    outcome = compare_scores(
        *args,
        seed=seed,
        confidence=policy.confidence,
        groups=_groups(table, group_column),
        sample_weight=weights,
    )
    sliced = compare_slices(
        *args,
        slices=parts,
        seed=seed,
        confidence=policy.confidence,
        sample_weight=weights,
        samples=SLICE_SAMPLES,
    )
    return replace(known, comparison=outcome, slices=sliced)


def _weights(table: pd.DataFrame, column: str | None) -> NDArray[np.float64] | None:
    if column is None:
        return None
    if column not in table:
        raise IncomparableError(
            f"The rows have no column {column!r}, by which the challenger's training weighed rows; "
            "models that were chosen by weighted scores are compared by them."
        )
    return read_row_weights(table[column])


def _groups(table: pd.DataFrame, column: str | None) -> NDArray[np.int64] | None:
    """Return group codes; each row without a group gets its own."""
    if column is None or column not in table:
        return None
    cells = read_text_cells(table[column])
    alone = len(cells.values) + np.arange(len(table))
    return np.where(cells.codes < 0, alone, cells.codes)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
