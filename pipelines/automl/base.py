"""What the two estimators share: parameters, ``fit`` and ``predict``."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from espalier.pipelines.automl.inputs import (
    feature_names,
    prepared_dataset,
    read_features,
    read_labels,
    read_values,
    read_weights,
    same_length,
)
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:  # a fitted estimator must load without the search
    from espalier.pipelines.automl.training import TrainingResult
    from espalier.pipelines.calibration.threshold import Threshold
    from espalier.pipelines.learners.base.learner import Learner
    from espalier.pipelines.members.serving_mode import Serving
    from espalier.pipelines.metrics.metric import Metric

EXAMPLE_ROWS = 5
# Of a search, from which on the shipped experience is asked: meta-features take a second.
LEAST_TRIALS, LEAST_SECONDS = 8, 10.0


class AutoMLBase(BaseEstimator):
    """What the two estimators share."""

    _task: ClassVar[str]

    @property
    def _threshold(self) -> "Threshold":
        return None

    def __init__(
        self,
        time_budget: float | None = 60.0,
        n_trials: int | None = None,
        metric: "str | Metric | Callable[..., Any] | None" = None,
        families: "Sequence[str | Learner] | None" = None,
        n_jobs: int | None = 1,
        random_state: Any = None,
        ensemble: bool = True,
        holdout_fraction: float = 0.0,
        search: str = DEFAULT_STRATEGY,
        memory_limit: str | None = None,
        serving: "Serving" = "auto",
        max_latency_ms: float | None = None,
        max_size_mb: float | None = None,
        interpretable: bool = False,
        n_folds: int | None = None,
        residual_share: float = 0.0,
        residual_sees_answers: bool = False,
        verbose: int = 0,
        experience: "str | Path | None" = "auto",
    ) -> None:
        self.time_budget = time_budget
        self.n_trials = n_trials
        self.metric = metric
        self.families = families
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.ensemble = ensemble
        self.holdout_fraction = holdout_fraction
        self.search = search
        self.memory_limit = memory_limit
        self.serving = serving
        self.max_latency_ms = max_latency_ms
        self.max_size_mb = max_size_mb
        self.interpretable = interpretable
        self.n_folds = n_folds
        self.residual_share = residual_share
        self.residual_sees_answers = residual_sees_answers
        self.verbose = verbose
        self.experience = experience

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Search, combine the best models, and fit them to all rows.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_rows, n_columns)
            Raw features. DataFrames may hold anything: numbers, texts, categories, dates, missing
            cells.
        y : array-like, shape (n_rows,)
            Labels or values, nothing missing.
        sample_weight : array-like or None, shape (n_rows,)
            Non-negative weights, used in fitting and in scores. Rows of weight 0 are left out.
        groups : array-like or None, shape (n_rows,)
            Rows of one group are never split between training and validation.

        Returns
        -------
        self

        Raises
        ------
        UserError
            The data or a parameter is wrong; the message says which. It is a ValueError.
        SearchFailedError
            No trial succeeded.
        """
        budget = Budget(seconds=self.time_budget, trials=self.n_trials)
        deadline = Deadline.after(self.time_budget)
        table = read_features(X, estimator=type(self).__name__)
        target = read_labels(y) if self._task == "classification" else read_values(y)
        same_length(table, target, groups)
        if len(table) < 2:
            raise ValueError(
                f"Found array with 1 sample(s) (shape={table.shape}) while a minimum of 2 is "
                f"required by {type(self).__name__}."
            )
        weights = read_weights(sample_weight, len(table))
        if weights is not None and not weights.all():
            # A row that does not count must not fill a fold, or be the only one of its class.
            counts = np.flatnonzero(weights)
            table, target = table.iloc[counts].reset_index(drop=True), target.iloc[counts]
            groups = None if groups is None else np.asarray(groups)[counts]
            weights = weights[counts]
        self._train(table, target, weights, groups, budget, deadline)
        self.n_features_in_ = table.shape[1]
        self._column_names = tuple(table.columns)
        names = feature_names(X)
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return labels or values, shape (n_rows,).

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_rows, n_columns)
            Columns of a DataFrame may be reordered, and more of them than in training.

        Raises
        ------
        NotFittedError
            ``fit`` was not called.
        MissingColumnsError
            Columns are missing; all of them are named.
        """
        check_is_fitted(self, "model_")
        return self.model_.predict(self._raw_rows(X))

    def _train(
        self,
        table: pd.DataFrame,
        target: "pd.Series[Any]",
        weights: NDArray[np.float64] | None,
        groups: Any,
        budget: Budget,
        deadline: Deadline,
    ) -> None:
        # Imported late: a fitted estimator predicts without the search and its packages.
        from espalier.pipelines.automl.settings import TrainingSettings
        from espalier.pipelines.automl.training import train_in_process
        from espalier.pipelines.data.splitting.folds import check_fold_count
        from espalier.pipelines.explain.leaderboard import leaderboard_frame, make_leaderboard
        from espalier.pipelines.members.serving_limits import ServingLimits
        from espalier.pipelines.metrics.catalogue import get_metric
        from espalier.pipelines.trials.progress_line import print_trial

        whole, preparation = prepared_dataset(table, target, self._task, weights, groups)
        metric = get_metric(self.metric, whole.problem, whole.n_classes)
        seed = self._seed()
        search_rows, holdout_rows = self._split(whole, seed)
        settings = TrainingSettings(
            metric=metric,
            budget=budget,
            families=self.families,
            n_workers=_n_workers(self.n_jobs),
            seed=seed,
            strategy=self.search,
            ensemble=self.ensemble,
            n_holdout=0 if holdout_rows is None else len(holdout_rows),
            threshold=self._threshold,
            memory_limit=self.memory_limit,
            serving=self.serving,
            limits=ServingLimits(max_latency_ms=self.max_latency_ms, max_size_mb=self.max_size_mb),
            interpretable=self.interpretable,
            n_folds=None if self.n_folds is None else check_fold_count(self.n_folds),
            experience=self._experience_folder(budget),
            residual_share=self.residual_share,
            residual_sees_answers=self.residual_sees_answers,
        )
        trained = train_in_process(
            whole if holdout_rows is None else whole.take(search_rows),
            preparation,
            settings,
            deadline=deadline,
            example=table.head(EXAMPLE_ROWS),
            on_result=partial(print_trial, metric.name) if self.verbose else None,
        )
        self._keep(trained)
        self.leaderboard_ = leaderboard_frame(make_leaderboard(trained.history, trained.weights))
        self.holdout_score_: float | None = None
        self.holdout_interval_: tuple[float, float] | None = None
        if holdout_rows is not None:
            held = whole.take(holdout_rows)
            self._score_holdout(table.iloc[holdout_rows], held, metric, seed, deadline)

    def _keep(self, trained: "TrainingResult") -> None:
        self.model_ = trained.model
        self.metric_ = trained.model.metric
        self.cv_score_ = trained.choice.cv_score
        self.adjusted_ = trained.adjusted
        self.experience_ = trained.experience
        self.ensemble_report_ = pd.DataFrame(trained.choice.combiners)

    def _score_holdout(
        self,
        table: pd.DataFrame,
        held: Dataset,
        metric: "Metric",
        seed: int,
        deadline: Deadline,
    ) -> None:
        from espalier.pipelines.evaluation.holdout import bootstrap_interval, predict_in_time
        from espalier.pipelines.metrics.scoring import score_predictions

        rows, scores = predict_in_time(
            partial(self.model_.predict_for_metric, metric=metric),
            table,
            deadline=deadline,
            seed=seed,
        )
        y = held.y[rows]
        weight = None if held.sample_weight is None else held.sample_weight[rows]
        self.holdout_score_ = score_predictions(metric, y, scores, weight)
        self.holdout_interval_ = bootstrap_interval(
            metric, y, scores, seed=seed, sample_weight=weight, deadline=deadline
        )

    def _split(self, dataset: Dataset, seed: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return the rows to search on and those held out, if any."""
        from espalier.pipelines.data.splitting.splits import split_holdout
        from espalier.pipelines.errors import UserError

        if not 0.0 <= self.holdout_fraction < 1.0:
            raise UserError(f"holdout_fraction must be in [0, 1), not {self.holdout_fraction}")
        if self.holdout_fraction == 0.0:
            return np.arange(len(dataset)), None
        return split_holdout(dataset, fraction=self.holdout_fraction, seed=seed)

    def _experience_folder(self, budget: Budget) -> Path | None:
        """Return where the experience is; None where none is wanted, or it would cost too much."""
        if self.experience is None:
            return None
        if self.experience != "auto":
            return Path(self.experience)
        from espalier.pipelines.experience.shipped import shipped_folder

        short = (budget.trials or LEAST_TRIALS) < LEAST_TRIALS
        hurried = (budget.seconds or LEAST_SECONDS) < LEAST_SECONDS
        return None if short or hurried else shipped_folder()

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _raw_rows(self, X: Any) -> pd.DataFrame:
        """Return X as a table with the training's column names."""
        table = read_features(X, estimator=type(self).__name__)
        named = feature_names(X) is not None
        if named and hasattr(self, "feature_names_in_"):
            return table
        if table.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {table.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return table.set_axis(list(self._column_names), axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _n_workers(n_jobs: int | None) -> int:
    """Return how many trials run at the same time, at least 1; as joblib counts."""
    if n_jobs is None:
        return 1
    if n_jobs < 0:
        return max(1, (os.cpu_count() or 1) + 1 + n_jobs)
    return max(1, n_jobs)
