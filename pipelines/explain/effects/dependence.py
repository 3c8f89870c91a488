"""Partial dependence: how answers change, on average, with one column.

A column of a sample of hold-out rows is set to one value after the other, everything else staying
as it is, and the answers are averaged (Friedman 2001, "Greedy function approximation"). Beside the
mean, the middle 80 % of the single rows' changes show whether the column acts alike on all rows or
together with others (Goldstein, Kapelner, Bleich & Pitkin 2015, "Peeking inside the black box").
Rows are combined that may not occur: of correlated columns the curves say little at their ends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import drawn_rows

MOST_COLUMNS = 6
SAMPLE_ROWS, FEWEST_ROWS = 100, 30
GRID = 12
MOST_VALUES = 8
FEWEST_OF_A_VALUE = 5
# Share of the time left that one call may take: it cannot be interrupted.
_SHARE_AT_ONCE = 0.5

Floats = NDArray[np.float64]
Answer = Callable[[pd.DataFrame], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """Partial dependence of the answers on one column.

    Attributes
    ----------
    column : str
        The column.
    values : tuple of float, or tuple of str
        The values that it was set to: quantiles of numbers, or the most frequent categories.
    means, low, high : tuple of float
        Mean answer at each value, and where the middle 80 % of the rows are, each moved to the
        mean answer of all, but not beyond any answer.
    n_rows : int
        Number of rows in the sample.
    """

    column: str
    values: tuple[float, ...] | tuple[str, ...]
    means: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n_rows: int

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers, so that a line connects them."""
        return not isinstance(self.values[0], str)


def dependences(
    answer: Answer,
    table: pd.DataFrame,
    columns: Sequence[str],
    *,
    seed: int,
    deadline: Deadline,
    row_seconds: float = 0.0,
    names_values: bool = True,
) -> tuple[Dependence, ...]:
    """Compute the partial dependence on the first columns that have numbers or categories.

    Parameters
    ----------
    answer : callable (table) -> array, shape (n_rows,)
        Predicted values, or the probability of one class.
    table : DataFrame, shape (n_rows, n_columns)
        Raw hold-out rows; `SAMPLE_ROWS` of them are used, all for the choice of the values.
    columns : sequence of str
        Candidates, the most important first; texts and columns of one value are left out.
    seed : int
        Draws the sample.
    deadline : Deadline
        When to stop; columns that are not reached are left out.
    row_seconds : float
        About how long an answer to a row takes.
    names_values : bool
        Whether cells may be quoted; otherwise only columns of numbers are used.
    """
    found: list[Dependence] = []
    for column in columns:
        if len(found) == MOST_COLUMNS or deadline.passed:
            break
        grid = value_grid(table[column], names_values=names_values)
        if len(grid) < 2:
            continue
        n_rows = min(SAMPLE_ROWS, len(table))
        if row_seconds:
            in_time = _SHARE_AT_ONCE * deadline.seconds_left / (row_seconds * len(grid))
            n_rows = int(min(n_rows, in_time))
        if n_rows < min(FEWEST_ROWS, len(table)):
            break
        sample = table.iloc[drawn_rows(len(table), n_rows, seed=seed)]
        found.append(_dependence(answer, sample, column, grid))
    return tuple(found)


def _dependence(answer: Answer, sample: pd.DataFrame, column: str, grid: list[Any]) -> Dependence:
    copies = [with_values(sample, {column: value}) for value in grid]
    answers = answer(pd.concat(copies, ignore_index=True)).reshape(len(grid), len(sample))
    means = answers.mean(axis=1)
    # Rows differ in level; how they change is what tells of interactions.
    moved = answers - answers.mean(axis=0) + answers.mean()
    low, high = np.clip(np.quantile(moved, [0.1, 0.9], axis=1), answers.min(), answers.max())
    return Dependence(
        column=column,
        values=told(grid),
        means=tuple(means.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        n_rows=len(sample),
    )


def with_values(sample: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """Return a copy of some rows in which each of these columns has one value."""
    return sample.assign(
        **{
            column: pd.Series(
                [value] * len(sample), index=sample.index, dtype=_dtype_for(sample[column].dtype)
            )
            for column, value in values.items()
        }
    )


def told(values: list[Any]) -> tuple[float, ...] | tuple[str, ...]:
    """Return values of a grid as those of the result: texts, or plain floats."""
    return tuple(values) if isinstance(values[0], str) else tuple(map(float, values))


def _dtype_for(dtype: Any) -> Any:
    """Return the type of a column that is set to one value: its own, numbers as float or integer.

    A category may lack a value of the sample, and a small integer type must not overflow.
    """
    if pd.api.types.is_integer_dtype(dtype):
        return "int64"
    return "float64" if pd.api.types.is_numeric_dtype(dtype) else "object"


def value_grid(series: "pd.Series[Any]", *, names_values: bool) -> list[Any]:
    """Return the values to set a column to; empty for a column that is not suited."""
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        numbers = pd.to_numeric(series, errors="coerce").dropna().astype("float64")
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return []
        if numbers.nunique() <= GRID:
            counts = numbers.value_counts()
            return sorted(counts.index[counts >= FEWEST_OF_A_VALUE].tolist())
        places = np.quantile(numbers, np.linspace(0.05, 0.95, GRID), method="nearest")
        return list(np.unique(places).tolist())
    if not names_values:
        return []
    try:
        counts = series.dropna().value_counts()
    except TypeError:  # cells that cannot be hashed
        return []
    kept = counts.index[counts >= FEWEST_OF_A_VALUE][:MOST_VALUES].tolist()
    return kept if all(isinstance(value, str) for value in kept) else []
