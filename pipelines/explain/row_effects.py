"""What each column of one row does to the answer: Shapley values, estimated by drawing orders.

Beginning with another row, the columns of the row in question are put in one after the other, in a
random order; each step's change of the answer is that column's. The mean over many orders and many
other rows is its Shapley value: the changes add up to the difference between this answer and the
mean answer of the other rows. See Štrumbelj & Kononenko 2014, "Explaining prediction models and
individual predictions with feature contributions". Each order is also gone backwards, which lowers
the noise (Mitchell et al. 2022).

It asks the whole model, preprocessing included, and nothing else, so it holds for every family.
Columns that go together are also combined as they never come; like every method that does so, it
says what the *model* does with such values.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.seeds import generator

Answer = Callable[[pd.DataFrame], NDArray[np.float64]]

MOST_ROWS = 4_000
"""Rows that the model is asked about, at most, unless the table is very wide."""
MOST_ORDERS, FEWEST_ORDERS = 200, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnEffect:
    """The effect of one column of a row.

    Attributes
    ----------
    name : str
        Name of the column.
    effect : float
        How much its value moves the answer, in the answer's unit.
    error : float
        Standard error of ``effect``, as the orders are drawn.
    """

    name: str
    effect: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEffects:
    """The effects of all columns of a row.

    Attributes
    ----------
    usual : float
        Mean answer for the other rows: where the effects begin.
    answer : float
        The answer for the row: ``usual`` plus all effects.
    effects : tuple of ColumnEffect
        The largest first.
    """

    usual: float
    answer: float
    effects: tuple[ColumnEffect, ...]


def row_effects(
    answer: Answer, row: pd.DataFrame, others: pd.DataFrame, *, seed: int
) -> RowEffects:
    """Estimate what each column of ``row`` does to the model's answer.

    Parameters
    ----------
    answer : callable
        Takes raw rows and returns one number for each: a value, or the probability of a class.
    row : DataFrame, shape (1, n_columns)
        The row, with the columns that the model needs and no others.
    others : DataFrame, shape (n_others, n_columns)
        Rows to compare with, such as some of the training table; at least one.
    seed : int
        Seed of the orders.

    Raises
    ------
    ValueError
        ``row`` is not one row, or there are no others.
    """
    if len(row) != 1 or not len(others):
        raise ValueError(f"one row and some others are needed, not {len(row)} and {len(others)}")
    names = list(row.columns)
    n_columns = len(names)
    rng = generator(seed, "explain", "row")
    n_pairs = max(FEWEST_ORDERS, min(MOST_ORDERS, MOST_ROWS // (n_columns + 1))) // 2
    n_orders = 2 * n_pairs
    forward = [rng.permutation(n_columns) for _ in range(n_pairs)]
    orders = np.array([each for order in forward for each in (order, order[::-1])])
    drawn = np.repeat(rng.integers(0, len(others), n_pairs), 2)

    # rank[o, c]: after how many steps of order o column c comes from the row.
    rank = np.empty((n_orders, n_columns), dtype=np.int64)
    rank[np.arange(n_orders)[:, None], orders] = np.arange(1, n_columns + 1)
    steps = np.arange(n_columns + 1)
    is_ours = (rank[:, None, :] <= steps[None, :, None]).reshape(-1, n_columns)
    pool = pd.concat([row, others[names]], ignore_index=True)
    whose = np.repeat(drawn + 1, n_columns + 1)  # row 0 of the pool is the one in question
    mixed = pd.DataFrame(
        {
            at: pool.iloc[np.where(is_ours[:, at], 0, whose), at].reset_index(drop=True)
            for at in range(n_columns)
        }
    )
    mixed.columns = pd.Index(names)
    answers = np.asarray(answer(mixed), dtype=np.float64).reshape(n_orders, n_columns + 1)

    changes = np.empty((n_orders, n_columns))
    changes[np.arange(n_orders)[:, None], orders] = np.diff(answers, axis=1)
    pairs = changes.reshape(n_pairs, 2, n_columns).mean(axis=1)  # the two of a pair are dependent
    means = pairs.mean(axis=0)
    errors = pairs.std(axis=0, ddof=1) / np.sqrt(n_pairs)
    found = [
        ColumnEffect(name=str(name), effect=float(mean), error=float(error))
        for name, mean, error in zip(names, means, errors, strict=True)
    ]
    found.sort(key=lambda each: -abs(each.effect))
    return RowEffects(
        usual=float(answers[:, 0].mean()),
        answer=float(answers[:, -1].mean()),
        effects=tuple(found),
    )
