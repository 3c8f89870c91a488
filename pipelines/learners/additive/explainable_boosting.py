"""Explainable boosting machines (Nori, Jenkins, Koch and Caruana 2019), trained by `interpret`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.additive.additive_terms import terms_of
from espalier.pipelines.learners.base.inner_split import inner_split
from espalier.pipelines.learners.base.learner import TrainingPackage
from espalier.pipelines.learners.losses.network_losses import softmax
from espalier.pipelines.resources.budget import Deadline

PACKAGE = TrainingPackage(module="interpret", distribution="interpret-core", extra="interpretable")
BOUNDS: Mapping[str, float] = MappingProxyType(
    {
        "max_bins": 256,
        "max_interaction_bins": 32,
        # A gain of a thousandth in so many rounds; what more would gain, the bags' mean has.
        "early_stopping_rounds": 50,
        "early_stopping_tolerance": 1e-4,
    }
)
"""Settings of `interpret` that bound what a fit takes, the same for every configuration."""
MOST_ROUNDS, ROUNDS_WITHOUT_BAGS = 3_000, 300


class ExplainableBoosting(BaseEstimator):
    """An additive model of one curve a column and surfaces of the strongest pairs.

    Shallow trees are boosted on one column at a time, in turn, so that each column's trees add up
    to a curve. What is kept is the tables of the curves: a fitted model answers by NumPy alone.

    Parameters
    ----------
    learning_rate : float
        Step of each tree.
    max_leaves : int
        Leaves of a tree.
    pairs : float
        Number of pairs, as a multiple of the number of columns; 0 for none.
    smoothing_rounds : int
        First rounds, whose trees split at random: smoother curves.
    min_rows : int
        Fewest rows of a leaf.
    gain_scale : float
        Factor on the gain of splits that separate levels: larger trusts them more.
    n_bags : int
        Models on different rows, whose curves are averaged; each stops early on the rows that it
        does not train on, which are whole groups and the newest rows where there are any.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.

    Attributes
    ----------
    terms_ : AdditiveTerms
        The fitted curves and surfaces.
    """

    def __init__(
        self,
        learning_rate: float = 0.02,
        max_leaves: int = 2,
        pairs: float = 1.0,
        smoothing_rounds: int = 50,
        min_rows: int = 4,
        gain_scale: float = 5.0,
        n_bags: int = 4,
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_leaves = max_leaves
        self.pairs = pairs
        self.smoothing_rounds = smoothing_rounds
        self.min_rows = min_rows
        self.gain_scale = gain_scale
        self.n_bags = n_bags
        self.classification = classification
        self.seed = seed

    def fit(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        groups: NDArray[Any] | None = None,
        times: NDArray[Any] | None = None,
        categorical: tuple[int, ...] = (),
        deadline: Deadline | None = None,
    ) -> "ExplainableBoosting":
        """Train on ``X`` of shape (n_rows, n_columns), NaN allowed, and codes or values ``y``.

        Parameters
        ----------
        X : array, shape (n_rows, n_columns)
            Numbers, and codes of levels in the columns ``categorical``.
        y : array, shape (n_rows,)
            Codes or values.
        sample_weight : array or None
            How much each row counts; only proportions matter.
        groups, times : array or None
            Kept apart between the rows that train and those that stop a bag.
        categorical : tuple of int
            Columns of codes.
        deadline : Deadline or None
            Boosting stops there with what it has.

        Raises
        ------
        UserError
            The package `interpret-core` is not installed.
        """
        X = np.asarray(X, dtype=np.float64)
        bags = self._bags(y, groups, times)
        settings = {
            "feature_types": [
                "nominal" if column in set(categorical) else "continuous"
                for column in range(X.shape[1])
            ],
            **BOUNDS,
            "interactions": round(self.pairs * X.shape[1]) if X.shape[1] > 1 else 0,
            "validation_size": 0.15 if bags is not None else 0,
            "outer_bags": 1 if bags is None else bags.shape[1],
            "learning_rate": self.learning_rate,
            "smoothing_rounds": self.smoothing_rounds,
            "interaction_smoothing_rounds": self.smoothing_rounds // 2,
            "min_samples_leaf": self.min_rows,
            "gain_scale": self.gain_scale,
            # Nothing beside rows that count; rows of no weight alone would claim a whole bin.
            "reg_lambda": 1e-3,
            "max_leaves": self.max_leaves,
            "max_rounds": MOST_ROUNDS if bags is not None else ROUNDS_WITHOUT_BAGS,
            "callback": None if deadline is None else lambda *_: deadline.passed,
            # Bags in processes of their own cost more than they save at these sizes.
            "n_jobs": 1,
            "random_state": self.seed % 2**31,
        }
        model = _new(self.classification, settings)
        weight = None if sample_weight is None else sample_weight / np.mean(sample_weight)
        model.fit(X, np.asarray(y), sample_weight=weight, bags=bags)
        if self.classification:
            self.classes_ = np.asarray(model.classes_)
        self.terms_ = terms_of(model, categorical)
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return values, shape (n_rows,), or the codes of the most probable classes."""
        if self.classification:
            return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])
        return self.terms_.total(X)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities of ``classes_``, shape (n_rows, n_classes)."""
        total = self.terms_.total(X)
        if total.ndim == 1:
            total = np.column_stack([np.zeros(len(total)), total])
        return np.asarray(softmax(total.astype(np.float32)), dtype=np.float64)

    def _bags(
        self, y: NDArray[Any], groups: NDArray[Any] | None, times: NDArray[Any] | None
    ) -> NDArray[np.int8] | None:
        """Return which rows train (1), stop (-1) or miss (0) each bag; None if too few stop."""
        bags = np.zeros((len(y), self.n_bags), dtype=np.int8)
        for number in range(self.n_bags):
            split = inner_split(
                np.asarray(y),
                classification=self.classification,
                groups=groups,
                times=times,
                seed=self.seed + number,
            )
            if split is None:
                return None
            train, valid = split
            bags[train, number], bags[valid, number] = 1, -1
            if self.classification:
                # A class that only the rows to stop on have (the newest ones, or a group) must be
                # learned all the same: its rows train.
                bags[~np.isin(y, y[train]), number] = 1
            if not (bags[:, number] < 0).any():
                return None
        return bags


def _new(classification: bool, settings: dict[str, Any]) -> Any:
    try:
        from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor
    except ImportError as error:
        raise UserError(
            f"the family 'ebm' needs the package {PACKAGE.distribution!r}, which is not installed; "
            f"install it with: {PACKAGE.how_to_install}"
        ) from error
    kind = ExplainableBoostingClassifier if classification else ExplainableBoostingRegressor
    return kind(**settings)
