"""Where a model is weakest: slices of the hold-out with a larger loss, and its worst rows.

The loss of a row is its log loss, or its absolute error in regression. A slice counts as weak if
its mean loss is above that of all rows by more than chance explains: many slices are looked at, so
the difference must be `CLEAR` standard errors. Rows of one group are not independent, so the error
is that of whole groups where there are any (Liang & Zeger 1986, the variance of clustered means).

Cells are not quoted for single rows: a row is named by its number in the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.slices import OTHERS, find_slices

MOST_SLICES, MOST_WORST = 8, 10
MOST_COLUMNS = 40
FEWEST_ROWS = 20
CLEAR = 3.0
SMALLEST_PROBABILITY = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakSlice:
    """A slice of the hold-out on which the model is clearly worse.

    Attributes
    ----------
    column, value : str
        The slice: rows with this value, or in this range, of this column.
    n_rows : int
        Number of rows.
    loss, loss_elsewhere : float
        Mean loss inside and outside.
    errors : float
        The difference in standard errors.
    """

    column: str
    value: str
    n_rows: int
    loss: float
    loss_elsewhere: float
    errors: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstRow:
    """A hold-out row that the model gets badly wrong.

    Attributes
    ----------
    row : int
        Number of the row in the table that was given, from 1.
    truth, answer : str
        True and predicted label or value.
    loss : float
        Its loss.
    sureness : float or None
        Probability of the predicted class; None in regression.
    """

    row: int
    truth: str
    answer: str
    loss: float
    sureness: float | None = None


def row_losses(truth: NDArray[Any], scores: Floats) -> Floats:
    """Return the loss of each row, shape (n_rows,): log loss, or absolute error.

    Parameters
    ----------
    truth : array, shape (n_rows,)
        Class codes or values.
    scores : array, shape (n_rows, n_classes) or (n_rows,)
        Probabilities or values.
    """
    if scores.ndim == 1:
        return np.abs(scores - truth)
    of_truth = scores[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(of_truth, SMALLEST_PROBABILITY)))


def weak_slices(
    table: pd.DataFrame,
    losses: Floats,
    columns: Sequence[str],
    *,
    groups: NDArray[Any] | None = None,
    names_values: bool = True,
) -> tuple[WeakSlice, ...]:
    """Return the slices that are clearly worse, those with the most excess loss first.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw hold-out rows.
    losses : array, shape (n_rows,)
        Loss of each row.
    columns : sequence of str
        Columns to slice by; the first `MOST_COLUMNS` are looked at.
    groups : array or None, shape (n_rows,)
        Rows with the same code belong together.
    names_values : bool
        Whether cells may be quoted; otherwise only ranges of numbers are slices.
    """
    if len(table) < 2 * FEWEST_ROWS:
        return ()
    looked_at = [
        name
        for name in columns[:MOST_COLUMNS]
        if names_values or pd.api.types.is_numeric_dtype(table[name])
    ]
    found = []
    for column, values in find_slices(table, looked_at, min_rows=FEWEST_ROWS).items():
        for value, rows in values.items():
            if value == OTHERS or len(rows) > len(table) - FEWEST_ROWS:
                continue
            inside = np.zeros(len(table), dtype=bool)
            inside[rows] = True
            gap, error = _gap(losses, inside, groups)
            if error > 0 and gap > CLEAR * error:
                found.append(
                    WeakSlice(
                        column=column,
                        value=value,
                        n_rows=len(rows),
                        loss=float(losses[inside].mean()),
                        loss_elsewhere=float(losses[~inside].mean()),
                        errors=gap / error,
                    )
                )
    found.sort(key=lambda each: -each.n_rows * (each.loss - each.loss_elsewhere))
    return tuple(found[:MOST_SLICES])


def worst_rows(
    truth: NDArray[Any],
    scores: Floats,
    losses: Floats,
    *,
    classes: NDArray[Any] | None,
    codes: NDArray[Any] | None,
    positions: NDArray[Any],
) -> tuple[WorstRow, ...]:
    """Return the rows with the largest loss: wrong labels, or the largest errors.

    Parameters
    ----------
    truth, scores, losses : array
        As in `row_losses`.
    classes : array or None, shape (n_classes,)
        Labels by code; None for regression.
    codes : array or None, shape (n_rows,)
        Predicted codes; None for regression.
    positions : array of int, shape (n_rows,)
        Positions of the rows in the table that was given, from 0.
    """
    worst: list[WorstRow] = []
    for row in np.argsort(-losses, kind="stable"):
        if len(worst) == MOST_WORST or not losses[row] > 0:
            break
        number = int(positions[row]) + 1
        if classes is None or codes is None:
            said = (f"{truth[row]:.6g}", f"{scores[row]:.6g}")
            worst.append(
                WorstRow(row=number, truth=said[0], answer=said[1], loss=float(losses[row]))
            )
        elif codes[row] != truth[row]:
            worst.append(
                WorstRow(
                    row=number,
                    truth=str(classes[truth[row]]),
                    answer=str(classes[codes[row]]),
                    loss=float(losses[row]),
                    sureness=float(scores[row, codes[row]]),
                )
            )
    return tuple(worst)


def _gap(
    losses: Floats, inside: NDArray[np.bool_], groups: NDArray[Any] | None
) -> tuple[float, float]:
    """Return by how much the mean loss is larger inside than outside, and its standard error."""
    variance, means = 0.0, []
    for part in (inside, ~inside):
        some = losses[part]
        off = some - some.mean()
        if groups is not None:
            _, codes = np.unique(groups[part], return_inverse=True)
            off = np.bincount(codes, weights=off)
        n_units = len(off)
        if n_units < 2:
            return 0.0, 0.0
        variance += float(off @ off) / len(some) ** 2 * n_units / (n_units - 1)
        means.append(float(some.mean()))
    return means[0] - means[1], float(np.sqrt(variance))
