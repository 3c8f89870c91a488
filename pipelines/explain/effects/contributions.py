"""How much each column contributed to one answer: Shapley values by sampled permutations.

The answer to a row differs from the mean answer to some background rows. Replacing the columns of a
background row one after the other by the row's own, in random order, splits that difference into
contributions of the columns; their mean over orders and background rows estimates the Shapley
values (Štrumbelj & Kononenko 2014, "Explaining prediction models and individual predictions with
feature contributions"). Every order is also taken backwards, which cancels much of the noise
(Mitchell, Cooper, Frank & Holmes 2022, "Sampling permutations for Shapley value estimation").

Raw columns are replaced, so the contributions cover the whole model, preprocessing included.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.seeds import generator
from espalier.pipelines.serving.model import EnsembleModel

MOST_ROWS = 2_000
"""Rows that are predicted for one explanation, about."""
FEWEST_PAIRS, MOST_PAIRS = 1, 16
"""Pairs of orders, one the reverse of the other."""

Floats = NDArray[np.float64]
Answer = Callable[[pd.DataFrame], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Why one row was answered as it was.

    Attributes
    ----------
    base : float
        Mean answer to the background rows that were used.
    answer : float
        Answer to the row: ``base`` plus all contributions.
    columns : dict of str to float
        What each column contributed, the largest first.
    """

    base: float
    answer: float
    columns: dict[str, float]


def explain_row(
    answer: Answer,
    row: pd.DataFrame,
    background: pd.DataFrame,
    *,
    seed: int = 0,
    most_rows: int = MOST_ROWS,
) -> Contributions:
    """Split the answer to a row into contributions of its columns.

    Parameters
    ----------
    answer : callable (table) -> array, shape (n_rows,)
        What is explained: predicted values, or the probability of one class.
    row : DataFrame, shape (1, n_columns)
        The row.
    background : DataFrame, shape (n_background, n_columns)
        Rows to compare with, with the columns of ``row``; at least one.
    seed : int
        Seed of the orders.
    most_rows : int
        Rows to predict, about; more of them make the estimates better.
    """
    names = list(row.columns)
    n_columns = len(names)
    pairs = most_rows // (2 * (n_columns + 1))
    pairs = min(max(pairs, FEWEST_PAIRS), MOST_PAIRS)
    rng = generator(seed, "explain", "contributions")
    orders = []
    for _ in range(pairs):
        order = rng.permutation(n_columns)
        orders += [order, order[::-1]]
    firsts = rng.permutation(np.arange(pairs) % len(background))
    of_row, at = _steps(orders, np.repeat(firsts, 2))
    cells = {}
    for place, name in enumerate(names):
        own = row[name].to_numpy()[0]
        other = background[name].to_numpy()[at]
        taken = of_row[:, place]
        mixed = other.copy()
        if mixed.dtype.kind not in "fM" and mixed.dtype != row[name].to_numpy().dtype:
            mixed = mixed.astype(object)
        mixed[taken] = own
        cells[name] = mixed
    answers = np.asarray(answer(pd.DataFrame(cells)), dtype=np.float64)
    walks = answers.reshape(len(orders), n_columns + 1)
    gains = np.zeros(n_columns)
    for order, walk in zip(orders, walks, strict=True):
        gains[order] += np.diff(walk)
    gains /= len(orders)
    largest = np.argsort(-np.abs(gains), kind="stable")
    return Contributions(
        base=float(walks[:, 0].mean()),
        answer=float(walks[:, -1].mean()),
        columns={names[place]: float(gains[place]) for place in largest},
    )


def explained_answer(model: EnsembleModel, label: Any) -> Answer:
    """Return what is explained of a model: its value, or the probability of a class.

    Raises
    ------
    UserError
        The model knows no such class.
    """
    if model.classes is None:
        return model.predict_scores
    places = np.flatnonzero(model.classes == label)
    if not len(places):
        known = ", ".join(map(str, model.classes[:10]))
        raise UserError(f"label {label!r} is unknown; the classes are {known}")
    code = int(places[0])
    return lambda table: model.predict_scores(table)[:, code]


def _steps(
    orders: list[NDArray[np.int64]], firsts: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which columns are the row's own in every row to predict, and its background row.

    Shapes (n_orders * (n_columns + 1), n_columns) and (n_orders * (n_columns + 1),).
    """
    n_columns = len(orders[0])
    blocks = []
    for order in orders:
        place = np.empty(n_columns, dtype=np.int64)
        place[order] = np.arange(n_columns)
        blocks.append(place[None, :] < np.arange(n_columns + 1)[:, None])
    return np.concatenate(blocks), np.repeat(firsts, n_columns + 1)
