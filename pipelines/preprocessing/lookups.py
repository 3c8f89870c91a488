"""Columns that are looked up: means of combinations of cells, places of numbers in their group.

Three kinds, as in TabPrep (arXiv:2606.02384): *crosses* of up to three categorical columns, encoded
by target means; *groups*, a number over the mean of its category and its percentile there; and
*keys* of random subsets of all columns, numbers rounded, encoded by target means too, which find
rows that (nearly) come again. Target means of training rows are cross-fitted by folds that keep
groups together and go forward in time (`TargetMeans`), so that no row sees its own target.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.codes import CategoryCodes
from espalier.pipelines.preprocessing.constructed.group_places import GroupPlaces
from espalier.pipelines.preprocessing.constructed.random_formulas import MOST_CELLS
from espalier.pipelines.preprocessing.constructed.subset_keys import RoundedNumbers, SubsetKeys
from espalier.pipelines.preprocessing.scaling import ClippedScaler
from espalier.pipelines.preprocessing.target_means import TargetMeans
from espalier.pipelines.seeds import generator

LOOKUPS = ("none", "crosses", "groups", "keys", "all")
"""Which columns are looked up; the first is the default."""
MOST_LOOKUPS = 60
"""Most columns of each kind."""
# Mean number of rows of a cross, as of strings that are encoded by their means.
_ROWS_OF_A_CROSS = 2.0
_ORDER = 3
# Least share of rows whose key comes again.
_REPEATED = 0.05
# Units of rounded numbers, in standard deviations: rows that come again, and near ones.
_UNITS = (0.01, 0.1)
_MOST_COLUMNS = 150
_TRIES = 20


class LookupColumns(TransformerMixin, BaseEstimator):
    """Turn categories and numbers into looked-up columns.

    Parameters
    ----------
    kind : str
        ``crosses``, ``groups``, ``keys`` or ``all``.
    fill : bool
        Whether missing values are filled in (a ratio of 1, the middle).
    scale : bool
        Whether the columns are standardised.
    classification : bool
        Whether ``y`` holds class codes; a column of means for each class then.
    seed : int
        Seed of the subsets and of the inner folds.
    """

    def __init__(
        self,
        kind: str = "all",
        fill: bool = False,
        scale: bool = False,
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.kind = kind
        self.fill = fill
        self.scale = scale
        self.classification = classification
        self.seed = seed

    def fit(
        self,
        X: tuple[pd.DataFrame, NDArray[Any]],
        y: NDArray[Any],
        facts: RowFacts = PLAIN,
    ) -> "LookupColumns":
        """Learn from a table of categories and the numbers beside it."""
        self.fit_transform(X, y, facts)
        return self

    def fit_transform(
        self,
        X: tuple[pd.DataFrame, NDArray[Any]],
        y: NDArray[Any],
        facts: RowFacts = PLAIN,
    ) -> NDArray[np.float32]:
        """Learn from categories (str or NaN) and numbers (n_rows, n_numbers) with NaN.

        Returns
        -------
        array of float32, shape (n_rows, n_made)
            None, some or all of the columns make sense on a table: n_made may be 0.
        """
        if self.kind not in LOOKUPS:
            raise ValueError(f"kind must be one of {', '.join(LOOKUPS)}")
        cells, numbers = X
        most = min(MOST_LOOKUPS, MOST_CELLS // max(len(numbers), 1))
        n_targets = len(np.unique(y)) if self.classification else 1
        n_subsets = most if n_targets <= 2 else most // min(n_targets, 12)
        rng = generator(self.seed, "lookups")
        self.codes_ = CategoryCodes().fit(cells)
        codes = self.codes_.transform(cells).astype(np.int64)
        self.rounded_ = [RoundedNumbers(unit).fit(numbers) for unit in _UNITS]
        whole = self._whole(codes, numbers)
        n_codes = codes.shape[1]
        self.crosses_ = SubsetKeys(
            _crosses(n_codes, n_subsets, rng) if self._has("crosses") else (),
            most_keys=1 / _ROWS_OF_A_CROSS,
        ).fit(whole)
        self.keys_ = SubsetKeys(
            _subsets(n_codes, numbers.shape[1], n_subsets, rng) if self._has("keys") else (),
            least_repeated=_REPEATED,
        ).fit(whole)
        self.means_ = TargetMeans(self.classification, self.seed, ordered=True)
        means = self.means_.fit_transform(self._combinations(whole), y, facts)
        pairs = [(a, b) for a in range(n_codes) for b in range(numbers.shape[1])]
        chosen: list[int] = []
        if self._has("groups"):
            chosen = rng.permutation(len(pairs))[: most // 2].tolist()
        self.groups_ = GroupPlaces(tuple(pairs[place] for place in sorted(chosen)))
        places = self.groups_.fit(codes, numbers).transform(codes, numbers)
        table = self._filled(means, places)
        self.scaler_ = None
        if self.scale and table.shape[1]:
            self.scaler_ = ClippedScaler().fit(table)
            table = self.scaler_.transform(table)
        return table.astype(np.float32)

    def transform(self, X: tuple[pd.DataFrame | NDArray[Any], NDArray[Any]]) -> NDArray[np.float32]:
        """Return the columns of a table of categories, or an array of its cells, and numbers."""
        cells, numbers = X
        codes = self.codes_.transform(cells).astype(np.int64)
        combined = self._combinations(self._whole(codes, numbers))
        table = self._filled(
            self.means_.transform(combined), self.groups_.transform(codes, numbers)
        )
        if self.scaler_ is not None:
            table = self.scaler_.transform(table)
        return table.astype(np.float32)

    def _has(self, kind: str) -> bool:
        return self.kind in (kind, "all")

    def _whole(self, codes: NDArray[np.int64], numbers: NDArray[Any]) -> NDArray[np.int64]:
        """Return codes and rounded numbers side by side; finely rounded ones come first."""
        return np.hstack([codes, *(each.transform(numbers) for each in self.rounded_)])

    def _combinations(self, whole: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.hstack([self.crosses_.transform(whole), self.keys_.transform(whole)])

    def _filled(self, means: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
        if self.fill:
            half = places.shape[1] // 2
            missing = np.repeat([1.0, 0.5], half)
            places = np.where(np.isnan(places), missing, places)
        return np.hstack([means, places])


def _crosses(n_codes: int, most: int, rng: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    """Return single categories and random crosses of two and three, as many of each."""
    found: list[tuple[int, ...]] = []
    for order in range(1, _ORDER + 1):
        room = -(-(most - len(found)) // (_ORDER + 1 - order))
        if n_codes <= _MOST_COLUMNS // 5:
            all_of_them = list(combinations(range(n_codes), order))
        else:
            drawn = (rng.choice(n_codes, order, replace=False) for _ in range(4 * room))
            all_of_them = list(dict.fromkeys(tuple(sorted(map(int, each))) for each in drawn))
        chosen = np.sort(rng.permutation(len(all_of_them))[:room])
        found += [all_of_them[place] for place in chosen]
    return tuple(found)


def _subsets(
    n_codes: int, n_numbers: int, most: int, rng: np.random.Generator
) -> tuple[tuple[int, ...], ...]:
    """Return random subsets of two and more columns, that of all first.

    In a subset all numbers are rounded alike: their columns follow the codes, once for each unit.
    """
    n_columns = n_codes + n_numbers
    if n_columns < 2:
        return ()
    found: dict[tuple[int, ...], None] = {}
    units = range(len(_UNITS)) if n_numbers else range(1)
    for unit in units:
        found[_placed(range(n_columns), n_codes, n_numbers, unit)] = None
    for _ in range(_TRIES * most):
        if len(found) >= most:
            break
        size = int(rng.integers(2, max(min(n_columns, _MOST_COLUMNS), 3)))
        columns = np.sort(rng.choice(n_columns, min(size, n_columns), replace=False))
        unit = int(rng.integers(len(units)))
        found[_placed(map(int, columns), n_codes, n_numbers, unit)] = None
    return tuple(found)[:most]


def _placed(columns: Any, n_codes: int, n_numbers: int, unit: int) -> tuple[int, ...]:
    """Return the positions of columns whose numbers are rounded to one of the units."""
    return tuple(each if each < n_codes else each + unit * n_numbers for each in columns)
