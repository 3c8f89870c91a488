"""Compute promotion metrics from both models' predictions of rows neither was trained on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.assemble import group_codes, read_row_weights
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.slices import find_slices
from espalier.pipelines.data.target import target_present
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.comparison import (
    ScoreComparison,
    compare_scores,
    compare_slices,
)
from espalier.pipelines.lifecycle.promotion.policy import PromotionMetrics, PromotionPolicy
from espalier.pipelines.lifecycle.promotion.predictions import (
    IncomparableError,
    ModelPredictions,
    align_predictions,
)
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import check_target

SLICE_SAMPLES = 400
# With fewer groups a difference of two models cannot be told from chance.
FEWEST_GROUPS = 10


def rows_with_target(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows that have a target.

    Raises
    ------
    UserError
        The target column is missing.
    """
    named = with_unique_names(table)
    if target not in named:
        raise UserError(
            f"the rows to compare on have no column {target!r}, the target; name rows whose "
            "answers are known"
        )
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
    confidence: float | None = None,
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
        Column of groups; rows with the same value are resampled together. Rows without it cannot
        be used, nor can those of fewer than ten groups.
    weight_column : str or None
        Column of row weights; rows without a weight cannot be used.
    seed : int
        Seed of the bootstrap samples.
    confidence : float or None
        Confidence level of this comparison, if it is one of many (see
        `espalier.pipelines.lifecycle.promotion.looks`); None for the policy's. Slices are judged at
        the policy's.

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
        groups = _groups(table, group_column)
    except (IncomparableError, UserError) as error:
        return replace(known, obstacles=(_sentence(str(error)),))
    args = (chosen, aligned.problem, aligned.y, aligned.champion, aligned.challenger)
    level = policy.confidence if confidence is None else confidence
    outcome = compare_scores(
        *args,
        seed=seed,
        confidence=level,
        groups=groups,
        sample_weight=weights,
    )
    sliced = compare_slices(
        *args,
        slices=parts,
        seed=seed,
        confidence=policy.confidence,
        groups=groups,
        sample_weight=weights,
        samples=SLICE_SAMPLES,
    )
    few = _too_few_groups(outcome, group_column)
    return replace(known, comparison=outcome, slices=sliced, obstacles=few, confidence=level)


def _too_few_groups(outcome: ScoreComparison | None, column: str | None) -> tuple[str, ...]:
    """Return the obstacle of too few groups as a sentence, if it is one."""
    if outcome is None or outcome.n_groups is None or outcome.n_groups >= FEWEST_GROUPS:
        return ()
    n = outcome.n_groups
    return (
        f"The rows that neither model was trained on are of only {n:,} group{'s' if n > 1 else ''} "
        f"(column {column!r}); {FEWEST_GROUPS} are needed to compare the models, because rows of a "
        "group are not independent. Give rows of more groups as --data, or move the alias "
        "champion by hand.",
    )


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
    if column is None:
        return None
    if column not in table:
        raise IncomparableError(
            f"The rows have no column {column!r}, which says what rows belong together; without it "
            "chance cannot be told from a better model."
        )
    return group_codes(table[column])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
