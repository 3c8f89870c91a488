"""A configuration as one estimator: its preprocessing and its model, fitted together."""

import inspect
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.architectures.pixel_arrays import PixelArrays
from espalier.pipelines.architectures.tokens.arrays import TokenArrays
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.row_weights import counting_rows, mean_one
from espalier.pipelines.data.splitting.inner_folds import RowFacts
from espalier.pipelines.learners.base.aim import LEAST_SQUARES, Aim, aim_at
from espalier.pipelines.learners.base.costs import text_seconds, with_constructed
from espalier.pipelines.learners.base.inner_split import inner_split
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.base.scores import class_scores, finite_values
from espalier.pipelines.metrics.objective import (
    SQUARED_ERROR,
    TrainingObjective,
    relative_weights,
)
from espalier.pipelines.preprocessing.build import build_features
from espalier.pipelines.preprocessing.matrix import FeatureMatrix
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration

# Early stopping keeps rows back for validation. Where a fit takes less than this, a second one
# uses all rows.
_SECONDS_WORTH_A_REFIT = 1.0


class Candidate(BaseEstimator):
    """An estimator of one configuration: its preprocessing and its model.

    Parameters
    ----------
    configuration : Configuration
        Hyperparameters and preprocessing choices.
    learner : Learner
        Its family.
    roles : mapping of str to ColumnRole
        Role of each column of the prepared tables.
    shape : DatasetShape
        Shape of the whole search table.
    seed : int
        Seed of everything random.
    n_threads : int
        Threads the model may use.
    iterations : int or None
        Boosting rounds to train exactly, on all rows; None to stop early on rows kept back.
    objective : TrainingObjective
        What the metric asks a regression to minimise; the family does so if it can.
    rank_share : float or None
        Share of the rank of a network's matrices that is left after the fit (`light.low_rank`);
        None to leave the model as it is.
    in_eight_bits : bool
        Whether the numbers of a network on pictures become integers of eight bits after the fit.
    channel_share : float or None
        Share of the channels of a network on pictures that is left after the fit; None for all.

    Attributes
    ----------
    n_iterations_ : int or None
        Rounds kept by early stopping; None for models without rounds.
    """

    def __init__(
        self,
        configuration: Configuration,
        learner: Learner,
        roles: Mapping[str, ColumnRole],
        shape: DatasetShape,
        seed: int,
        n_threads: int = 1,
        iterations: int | None = None,
        objective: TrainingObjective = SQUARED_ERROR,
        rank_share: float | None = None,
        in_eight_bits: bool = False,
        channel_share: float | None = None,
    ) -> None:
        self.configuration = configuration
        self.learner = learner
        self.roles = roles
        self.shape = shape
        self.seed = seed
        self.n_threads = n_threads
        self.iterations = iterations
        self.objective = objective
        self.rank_share = rank_share
        self.in_eight_bits = in_eight_bits
        self.channel_share = channel_share

    def fit(
        self,
        X: pd.DataFrame,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
        groups: NDArray[Any] | None = None,
        times: NDArray[Any] | None = None,
        deadline: Deadline | None = None,
        latest: Deadline | None = None,
        parent: "Candidate | None" = None,
    ) -> "Candidate":
        """Fit to a prepared table.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_columns)
            Prepared features.
        y : array, shape (n_rows,)
            Class codes or values.
        sample_weight, groups, times : array or None, shape (n_rows,)
            As in `Dataset`; weights in any unit. Rows that together weigh less than a millionth of
            all are left out.
        deadline : Deadline or None
            When boosters, forests and networks stop with the model fitted so far.
        latest : Deadline or None
            The deadline is moved, at most to this, where it would leave the model less time than
            its preprocessing took. None to keep the deadline.
        parent : Candidate or None
            A fitted one of these rows or a part of them, for a family that can start from it.

        Raises
        ------
        TimeoutError
            The deadline passed before the model could be fitted.
        """
        self.n_iterations_: int | None = None
        facts = RowFacts(weight=sample_weight, groups=groups, times=times)
        if sample_weight is not None:
            rows = counting_rows(sample_weight)
            X, y, facts = _rows(X, rows), y[rows], facts.take(rows)
        facts = replace(facts, weight=self._weights(y, facts.weight))
        self.mean_ = 0.0 if self._classifies else float(np.average(y, weights=facts.weight))
        if not self._classifies:
            asked = self.objective.fitting(y)
            self.aim_ = aim_at(asked, self.configuration, self.learner.losses, y, facts.weight)
            if asked.relative:
                given = 1.0 if facts.weight is None else facts.weight
                facts = replace(facts, weight=mean_one(given * relative_weights(y)))
            y = self.aim_.transform.forward(y)
        everything = np.arange(len(y))
        nothing = everything[:0]
        if self.learner.early_stopping and self.iterations is None:
            parts = inner_split(
                y,
                classification=self._classifies,
                groups=facts.groups,
                times=facts.times,
                # A parent must not have seen the rows that tell when its child is best.
                seed=0 if self.learner.inherits else self.seed,
            )
            if parts is not None:
                left = _seconds_left(deadline)
                self._fit_rows(X, y, facts, *parts, self.iterations, deadline, latest, parent)
                if self._refit_pays(left, _seconds_left(deadline)):
                    rounds = self.n_iterations_
                    self._fit_rows(X, y, facts, everything, nothing, rounds, deadline, latest)
                return self
        self._fit_rows(X, y, facts, everything, nothing, self.iterations, deadline, latest, parent)
        return self

    def predict_scores(self, X: "pd.DataFrame | PreparedRows") -> NDArray[np.float32]:
        """Predict probabilities or values for a prepared table; always finite.

        Returns
        -------
        array of float32
            Classification: probabilities, shape (n_rows, K) over all K classes of the search
            table; rows sum to 1 and classes that were not in the training rows get 0.
            Regression: values, shape (n_rows,).
        """
        if self._classifies:
            known = (
                np.ones((len(X), 1))
                if self.model_ is None
                else class_scores(self.model_, self.features_.transform(X))
            )
            scores = np.zeros((len(X), self.shape.n_classes), dtype=np.float32)
            scores[:, self.present_] = known
            return scores
        if self.model_ is None:
            return np.full(len(X), self.mean_, dtype=np.float32)
        values = self.model_.predict(self.features_.transform(X))
        return finite_values(self.aim.transform.backward(values), self.mean_)

    @property
    def _classifies(self) -> bool:
        return self.shape.problem.is_classification

    @property
    def aim(self) -> Aim:
        """What the model minimises; the squared error for classes and in older versions."""
        return getattr(self, "aim_", LEAST_SQUARES)

    def _weights(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None
    ) -> NDArray[np.float64] | None:
        """Return weights of mean 1; balanced ``prep_weights`` give classes equal total weight."""
        given = None if sample_weight is None else mean_one(sample_weight)
        if given is not None and (given == 1).all():
            given = None
        if self.configuration.get("prep_weights", "none") != "balanced" or not self._classifies:
            return given
        given = np.ones(len(y)) if given is None else given
        totals = np.bincount(y, weights=given)
        share = given.sum() / max(np.count_nonzero(totals), 1)
        return given * share / np.maximum(totals, 1e-12)[y]

    def _fit_rows(
        self,
        X: pd.DataFrame,
        y: NDArray[Any],
        facts: RowFacts,
        train: NDArray[Any],
        valid: NDArray[Any],
        iterations: int | None,
        deadline: Deadline | None,
        latest: Deadline | None = None,
        parent: "Candidate | None" = None,
    ) -> None:
        """Fit preprocessing and model to ``train``, with the rows ``valid`` for early stopping."""
        labels = y[train]
        self.present_ = np.unique(labels) if self._classifies else None
        if self.present_ is not None:
            valid = valid[np.isin(y[valid], self.present_)]
            labels = np.searchsorted(self.present_, labels)
        if len(np.unique(labels)) < 2:  # a single class or value is always predicted
            self.model_ = None
            return
        self.features_ = self._new_features()
        known = facts.take(train)
        matrix, deadline = self._matrix(_rows(X, train), labels, known, deadline, latest)
        context = BuildContext(
            shape=self.shape,
            seed=self.seed,
            n_threads=self.n_threads,
            iterations=iterations,
            loss=self.aim.loss,
            objective=self.aim.objective,
        )
        model = self.learner.build(self.configuration.model_values, context)
        offered: dict[str, Any] = {
            "sample_weight": known.weight,
            "groups": known.groups,
            "times": known.times,
            "categorical": self.features_.categorical_,
            "deadline": deadline,
            "parent": None if parent is None else parent.model_,
            # Older versions had none of these.
            "rank_share": getattr(self, "rank_share", None),
            "channel_share": getattr(self, "channel_share", None),
            "in_eight_bits": getattr(self, "in_eight_bits", False),
        }
        if len(valid):
            expected = y[valid]
            if self.present_ is not None:
                expected = np.searchsorted(self.present_, expected)
            offered["eval_set"] = (self.features_.transform(_rows(X, valid)), expected)
            offered["eval_weight"] = facts.take(valid).weight
        takes = inspect.signature(model.fit).parameters
        given = {
            name: value for name, value in offered.items() if name in takes and value is not None
        }
        model.fit(matrix, labels, **given)
        rank_share = offered["rank_share"]
        if rank_share is not None and "rank_share" not in takes:
            from espalier.pipelines.learners.light.low_rank import low_rank

            model = low_rank(model, rank_share, matrix)
        self.model_ = model
        self.n_iterations_ = getattr(model, "n_iterations_", None)

    def _new_features(self) -> FeatureMatrix | PixelArrays | TokenArrays:
        """Return what turns prepared rows into what the family takes, unfitted."""
        if self.learner.preprocessing.pixels:
            return PixelArrays(dict(self.roles))
        if self.learner.preprocessing.tokens:
            return TokenArrays(dict(self.roles))
        return build_features(
            self.configuration.preprocessing_values,
            self.learner.preprocessing,
            self.roles,
            self.shape,
            self.seed,
        )

    def _matrix(
        self,
        X: pd.DataFrame,
        y: NDArray[Any],
        facts: RowFacts,
        deadline: Deadline | None,
        latest: Deadline | None,
    ) -> tuple[Any, Deadline | None]:
        """Fit the preprocessing; return the feature matrix and the model's deadline."""
        if deadline is None or deadline.at is None:
            return self.features_.fit_transform(X, y, facts), deadline
        left = deadline.seconds_left
        matrix = self.features_.fit_transform(X, y, facts)
        if latest is not None:
            least = min(left - deadline.seconds_left, latest.seconds_left)
            deadline = deadline.earlier(min(0.0, deadline.seconds_left - least))
        if deadline.passed:
            raise TimeoutError(f"the time was up before {self.learner.name} could begin")
        return matrix, deadline

    def _refit_pays(self, left: float, left_now: float) -> bool:
        """Whether a second fit, on all rows, is cheap and there is time for one as long."""
        if self.n_iterations_ is None or 2 * left_now < left:
            return False
        shape = with_constructed(self.configuration, self.shape)
        seconds = self.learner.expected_seconds(self.configuration, shape)
        return seconds + text_seconds(self.shape) < _SECONDS_WORTH_A_REFIT


def _seconds_left(deadline: Deadline | None) -> float:
    return math.inf if deadline is None else deadline.seconds_left


def _rows(X: pd.DataFrame, rows: NDArray[Any]) -> pd.DataFrame:
    return X if len(rows) == len(X) else X.iloc[rows]
