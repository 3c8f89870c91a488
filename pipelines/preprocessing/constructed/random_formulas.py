"""Random pairs and triples of numeric columns under the four operations.

As the arithmetic features of TabPrep (arXiv:2606.02384): drawn without a look at the target, so
that nothing can leak, and left to trees whose thresholds are drawn too (`extra_trees` of LightGBM),
which many correlated columns do not tempt to overfit. Columns that say little, or that order the
rows as another one does, are left out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.constructed.formulas import OPERATIONS, Formula, Formulas
from espalier.pipelines.preprocessing.constructed.novelty import novel
from espalier.pipelines.seeds import drawn_rows, generator

MOST_CELLS = 12_000_000
"""Most cells of the columns that are made, at 20 bytes each while they are."""
_ROWS = 1_000
_MOST_COLUMNS = 150
_FEWEST_VALUES = 3
# Drawn for each formula that is wanted; most of the others order the rows as another one does.
_DRAWN = 3
_SHARE_OF_TRIPLES = 0.5


class RandomFormulas(TransformerMixin, BaseEstimator):
    """Append random formulas of two and three columns.

    Parameters
    ----------
    n_made : int
        Most columns to append; fewer where rows are very many (`MOST_CELLS`), or where there are
        not so many different ones.
    seed : int
        Seed of the formulas and of the rows that they are compared on.

    Attributes
    ----------
    formulas_ : Formulas
        What is appended.
    """

    def __init__(self, n_made: int = 100, seed: int = 0) -> None:
        self.n_made = n_made
        self.seed = seed

    def fit(
        self, X: NDArray[Any], y: NDArray[Any] | None = None, facts: RowFacts = PLAIN
    ) -> "RandomFormulas":
        """Draw formulas of the columns of ``X``, shape (n_rows, n_columns), NaN allowed."""
        del y, facts
        n_made = min(self.n_made, MOST_CELLS // max(len(X), 1))
        some = X[drawn_rows(len(X), _ROWS, seed=self.seed)]
        rng = generator(self.seed, "formulas")
        usable = _usable(some)
        if len(usable) > _MOST_COLUMNS:
            usable = np.sort(rng.choice(usable, _MOST_COLUMNS, replace=False))
        self.formulas_ = Formulas(X.shape[1], (), ())
        if n_made < 1 or len(usable) < 2:
            return self
        drawn = _draw(usable, X.shape[1], _DRAWN * n_made, rng)
        table = drawn.with_made(some)
        kept = novel(table[:, : X.shape[1]], table[:, X.shape[1] :], n_made)
        self.formulas_ = _only(drawn, [drawn.shown[place] for place in kept])
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return ``X`` with the formulas' columns appended."""
        return self.formulas_.with_made(X)

    def formulas(self, n_columns: int) -> Formulas:
        """Return what is appended to the table it was fitted to, whatever ``n_columns`` says."""
        del n_columns
        return self.formulas_


def _usable(X: NDArray[Any]) -> NDArray[np.int64]:
    """Return the columns with three values or more."""
    counts = [len(np.unique(column[~np.isnan(column)])) for column in X.T]
    return np.flatnonzero(np.array(counts) >= _FEWEST_VALUES)


def _draw(
    usable: NDArray[np.int64], n_columns: int, n_drawn: int, rng: np.random.Generator
) -> Formulas:
    """Return distinct random formulas of these columns of a table, in random order."""
    n_triples = int(_SHARE_OF_TRIPLES * n_drawn) if len(usable) > 2 else 0
    pairs = _pairs(usable, n_drawn - n_triples, rng)
    inner = _pairs(usable, n_triples, rng)
    places = {formula: n_columns + at for at, formula in enumerate(dict.fromkeys([*pairs, *inner]))}
    outer: dict[Formula, None] = {}
    for formula in inner:
        third = int(rng.choice(usable))
        if third not in formula[1:]:
            name = OPERATIONS[int(rng.integers(len(OPERATIONS)))]
            sides = (places[formula], third)
            turned = name in ("difference", "ratio") and rng.random() < 0.5
            outer[(name, *(sides[::-1] if turned else sides))] = None
    stages = tuple(stage for stage in (tuple(places), tuple(outer)) if stage)
    start = n_columns + len(places)
    shown = [*(places[each] for each in pairs), *range(start, start + len(outer))]
    return Formulas(n_columns, stages, tuple(int(each) for each in rng.permutation(shown)))


def _pairs(usable: NDArray[np.int64], n_drawn: int, rng: np.random.Generator) -> list[Formula]:
    """Return distinct random operations on two different columns."""
    found: dict[Formula, None] = {}
    first = rng.integers(len(usable), size=2 * n_drawn)
    second = (first + rng.integers(1, len(usable), size=2 * n_drawn)) % len(usable)
    names = rng.integers(len(OPERATIONS), size=2 * n_drawn)
    for a, b, number in zip(usable[first], usable[second], names, strict=True):
        name = OPERATIONS[number]
        # Only a ratio says another thing the other way round.
        one, other = (a, b) if name == "ratio" else (min(a, b), max(a, b))
        found[(name, int(one), int(other))] = None
        if len(found) == n_drawn:
            break
    return list(found)


def _only(formulas: Formulas, shown: list[int]) -> Formulas:
    """Return the formulas with these columns only, without parts that none of them needs."""
    start = formulas.n_columns
    made = [(formula, stage) for stage, own in enumerate(formulas.stages) for formula in own]
    needed = set(shown)
    for place in sorted(shown, reverse=True):
        needed.update(part for part in made[place - start][0][1:] if part >= start)
    kept = sorted(needed)
    renamed = {place: start + at for at, place in enumerate(kept)}
    stages: list[list[Formula]] = [[] for _ in formulas.stages]
    for place in kept:
        (name, first, second), stage = made[place - start]
        stages[stage].append((name, renamed.get(first, first), renamed.get(second, second)))
    return Formulas(
        start,
        tuple(tuple(stage) for stage in stages if stage),
        tuple(renamed[place] for place in shown),
    )
