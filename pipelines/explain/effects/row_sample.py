"""What each column contributed to the answers to some rows: the picture that SHAP made known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.explain.effects.contributions import Answer, explain_row
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import drawn_rows

SAMPLE_ROWS, FEWEST_ROWS = 80, 15
COLUMNS_SHOWN = 10
BACKGROUND_ROWS = 100
# Rows that are predicted for one explanation, if there are few columns.
_ROWS_EACH = 200
_MOST_COLUMNS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPush:
    """How a column moved the answers to some rows.

    Attributes
    ----------
    column : str
        The column.
    size : float
        Mean of the absolute contributions.
    points : tuple of (contribution, rank)
        For each row: what the column contributed, and where its value stands among those of the
        rows, from 0 for the smallest to 1; None for values without an order.
    """

    column: str
    size: float
    points: tuple[tuple[float, float | None], ...]


def column_pushes(
    answer: Answer,
    table: pd.DataFrame,
    columns: Sequence[str],
    *,
    seed: int,
    deadline: Deadline,
    row_seconds: float = 0.0,
) -> tuple[ColumnPush, ...]:
    """Return the strongest columns' contributions to some rows, the strongest column first.

    Parameters
    ----------
    answer : callable (table) -> array, shape (n_rows,)
        What is explained.
    table : DataFrame, shape (n_rows, n_columns)
        Rows that the model was not trained on.
    columns : sequence of str
        All columns that the model uses.
    seed : int
        Draws the rows and the orders of columns.
    deadline : Deadline
        When to stop. The result is empty where fewer than `FEWEST_ROWS` rows were reached.
    row_seconds : float
        About how long an answer to a row takes.
    """
    n_rows, n_columns = min(SAMPLE_ROWS, len(table)), len(columns)
    if n_columns < 2 or n_columns > _MOST_COLUMNS:
        return ()
    if row_seconds:
        each = row_seconds * max(_ROWS_EACH, 2 * (n_columns + 1))
        n_rows = int(min(n_rows, deadline.seconds_left / each))
    if n_rows < min(FEWEST_ROWS, len(table)):
        return ()
    drawn = drawn_rows(len(table), n_rows, seed=seed)
    rows = table.iloc[drawn][list(columns)].reset_index(drop=True)
    background = table.iloc[drawn_rows(len(table), BACKGROUND_ROWS, seed=seed)][list(columns)]
    background = background.reset_index(drop=True)
    found = []
    for place in range(len(rows)):
        if deadline.passed:
            break
        made = explain_row(
            answer, rows.iloc[[place]], background, seed=seed + place, most_rows=_ROWS_EACH
        )
        found.append([made.columns[name] for name in columns])
    if len(found) < min(FEWEST_ROWS, len(table)):
        return ()
    moved = np.array(found)
    sizes = np.abs(moved).mean(axis=0)
    strongest = [place for place in np.argsort(-sizes, kind="stable") if sizes[place] > 0]
    return tuple(
        ColumnPush(
            column=columns[place],
            size=float(sizes[place]),
            points=tuple(
                zip(
                    moved[:, place].tolist(),
                    _ranks(rows[columns[place]].iloc[: len(moved)]),
                    strict=True,
                )
            ),
        )
        for place in strongest[:COLUMNS_SHOWN]
    )


def _ranks(cells: "pd.Series[Any]") -> list[float | None]:
    """Return ranks in [0, 1] of numbers and dates; None for missing cells and for other values."""
    ordered = pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells)
    if not ordered:
        return [None] * len(cells)
    ranks = cells.rank()
    low, high = ranks.min(), ranks.max()
    if not high > low:
        return [None] * len(cells)
    shares = (ranks - low) / (high - low)
    return [None if each != each else round(float(each), 3) for each in shares]
