"""Which pairs of columns act together.

Both columns of a pair are set to a few of their values each, all else staying as it is, and the
answers are averaged. What the means differ from the sum of two parts, one of each column, is the
interaction (the two-way decomposition of Friedman & Popescu 2008, "Predictive learning via rule
ensembles", on a grid).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.explain.effects.dependence import Answer, told, value_grid, with_values
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import drawn_rows

MOST_COLUMNS = 4
SAMPLE_ROWS, FEWEST_ROWS = 60, 20
ACROSS, BESIDE = 8, 3
"""Values of the first column of a pair, and of the second."""
_SHARE_AT_ONCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """How two columns act together.

    Attributes
    ----------
    across, beside : str
        The columns.
    across_values, beside_values : tuple of float, or tuple of str
        The values that they were set to.
    means : tuple of tuple of float
        Mean answer by value of ``beside`` (outer) and of ``across`` (inner).
    size : float
        Standard deviation of the part that no sum of two parts explains, in the unit of the answer.
    share : float
        Its share of the variance of all means, in [0, 1].
    """

    across: str
    beside: str
    across_values: tuple[float, ...] | tuple[str, ...]
    beside_values: tuple[float, ...] | tuple[str, ...]
    means: tuple[tuple[float, ...], ...]
    size: float
    share: float


def interactions(
    answer: Answer,
    table: pd.DataFrame,
    columns: Sequence[str],
    *,
    seed: int,
    deadline: Deadline,
    row_seconds: float = 0.0,
    names_values: bool = True,
) -> tuple[Interaction, ...]:
    """Return the pairs of the first columns, the strongest interaction first.

    Parameters, and what is left out, as in
    `espalier.pipelines.explain.effects.dependence.dependences`.
    """
    grids: dict[str, list[Any]] = {}
    for column in columns:
        grid = value_grid(table[column], names_values=names_values)
        if len(grid) > 1:
            grids[column] = grid
        if len(grids) == MOST_COLUMNS:
            break
    found = []
    for one, other in combinations(grids, 2):
        # The column with more values goes across.
        across, beside = sorted((one, other), key=lambda name: -len(grids[name]))
        values = _some(grids[across], ACROSS), _some(grids[beside], BESIDE)
        n_rows = min(SAMPLE_ROWS, len(table))
        if row_seconds:
            cells = row_seconds * len(values[0]) * len(values[1])
            n_rows = int(min(n_rows, _SHARE_AT_ONCE * deadline.seconds_left / cells))
        if deadline.passed or n_rows < min(FEWEST_ROWS, len(table)):
            break
        sample = table.iloc[drawn_rows(len(table), n_rows, seed=seed)]
        found.append(_interaction(answer, sample, (across, beside), values))
    return tuple(sorted(found, key=lambda each: -each.size))


def _interaction(
    answer: Answer,
    sample: pd.DataFrame,
    names: tuple[str, str],
    values: tuple[list[Any], list[Any]],
) -> Interaction:
    copies = [
        with_values(sample, {names[0]: across, names[1]: beside})
        for beside in values[1]
        for across in values[0]
    ]
    answers = answer(pd.concat(copies, ignore_index=True))
    means = answers.reshape(len(values[1]), len(values[0]), len(sample)).mean(axis=2)
    centred = means - means.mean()
    left = centred - centred.mean(axis=0, keepdims=True) - centred.mean(axis=1, keepdims=True)
    whole = float((centred**2).mean())
    return Interaction(
        across=names[0],
        beside=names[1],
        across_values=told(values[0]),
        beside_values=told(values[1]),
        means=tuple(tuple(each) for each in means.tolist()),
        size=float(np.sqrt((left**2).mean())),
        share=float((left**2).mean()) / whole if whole > 0 else 0.0,
    )


def _some(grid: list[Any], most: int) -> list[Any]:
    """Return at most so many values: the ends and what lies between, or the most frequent."""
    if len(grid) <= most:
        return grid
    if isinstance(grid[0], str):
        return grid[:most]
    return [grid[place] for place in np.linspace(0, len(grid) - 1, most).round().astype(int)]
