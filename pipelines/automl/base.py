"""Base class of the two estimators: ``fit``, ``predict`` and their helpers."""

import warnings
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

from espalier.pipelines.automl.columns import (
    column_labels,
    match_columns,
    numbered_columns,
    warn_of_equal_labels,
)
from espalier.pipelines.automl.exporting import Exports
from espalier.pipelines.automl.frozen_features import FrozenFeatures
from espalier.pipelines.automl.inputs import (
    feature_names,
    prepared_dataset,
    read_features,
    read_labels,
    read_values,
    read_weights,
    rows_at,
    same_length,
)
from espalier.pipelines.automl.notebook.explaining import Explains
from espalier.pipelines.automl.notebook.reporting import Reports
from espalier.pipelines.automl.notebook.shown import TableShown
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.split_warnings import warn_of_near, warn_of_twins
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.errors import UserError
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.surroundings import undisturbed
from espalier.pipelines.trials.progress_line import print_line

if TYPE_CHECKING:  # a fitted estimator must load without the search
    from espalier.pipelines.automl.in_process import TrainingResult
    from espalier.pipelines.export.base.formats import PortableFormat
    from espalier.pipelines.images.bad_files import BadFiles
    from espalier.pipelines.metrics.metric import Metric

EXAMPLE_ROWS = 5


class AutoMLBase(Exports, Explains, Reports, TableShown, BaseEstimator):
    """Base class of `AutoMLClassifier` and `AutoMLRegressor`."""

    _task: ClassVar[str]

    # Of the parameters, which the two estimators spell out, those that are used here.
    metric: "str | Metric | Callable[..., Any] | None"
    random_state: Any
    holdout_fraction: float
    verbose: int
    time_budget: float | None
    portable: "PortableFormat | None"
    image_columns: "Sequence[Any] | None"
    image_root: "str | Path | None"
    bad_files: "BadFiles"

    @undisturbed
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Search, combine the best models, and fit them to all rows.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_rows, n_columns)
            Raw features. DataFrames may hold anything: numbers, texts, categories, dates, missing
            cells.
        y : array-like, shape (n_rows,)
            Labels or values, without missing ones.
        sample_weight : array-like or None, shape (n_rows,)
            Non-negative weights in any unit, used in fitting and in scores. Rows of weight 0 are
            left out.
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
        deadline = TrainingSettings.of(self).budget.begin()
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
            table, target, weights, groups = rows_at(counts, table, target, weights, groups)
        frozen = self._frozen_features(deadline)
        usable = frozen.usable(table)
        if usable is not None and not usable.all():
            good = np.flatnonzero(usable)
            warnings.warn(
                f"{len(usable) - len(good):,} of {len(usable):,} rows are left out, as their "
                "pictures cannot be used",
                UserWarning,
                stacklevel=3,
            )
            table, target, weights, groups = rows_at(good, table, target, weights, groups)
        self._train(table, target, weights, groups, frozen)
        self.n_features_in_ = table.shape[1]
        self._column_names = tuple(table.columns)
        self._column_labels = column_labels(X)
        warn_of_equal_labels(self._column_labels)
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
            The columns of a DataFrame may be in another order, and there may be more of them
            than in training.

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
        frozen: FrozenFeatures,
    ) -> None:
        # Imported late: a fitted estimator predicts without the search and its packages.
        from espalier.pipelines.automl.in_process import train_in_process
        from espalier.pipelines.automl.notebook.live import shown_trials
        from espalier.pipelines.automl.notebook.record import TrainingRecord
        from espalier.pipelines.automl.training_data import prepare_training
        from espalier.pipelines.data.leakage import count_duplicates
        from espalier.pipelines.explain.leaderboard import leaderboard_frame, make_leaderboard
        from espalier.pipelines.metrics.catalogue import get_metric

        deadline = frozen.deadline
        whole, preparation = prepared_dataset(table, target, self._task, weights, groups, frozen)
        metric = get_metric(self.metric, whole.problem, whole.n_classes)
        settings = TrainingSettings.of(self, {"seed": self._seed()})
        search_rows, holdout_rows = self._split(whole, settings.seed)
        if holdout_rows is not None:
            warn_of_twins(count_duplicates(whole, search_rows, holdout_rows))
            if whole.shape.is_of_pictures:
                warn_of_near(table, whole, preparation, search_rows, holdout_rows, deadline)
        data = prepare_training(
            whole if holdout_rows is None else whole.take(search_rows),
            preparation,
            metric,
            settings,
            n_holdout=0 if holdout_rows is None else len(holdout_rows),
            example_rows=preparation.carried(table.head(EXAMPLE_ROWS)),
        )
        with shown_trials(metric, settings.budget, verbose=self.verbose) as heard:
            trained = train_in_process(data, settings, deadline=deadline, on_result=heard)
        self._keep(trained)
        held = None if holdout_rows is None else whole.take(holdout_rows)
        self._record = TrainingRecord.of(
            data.search,
            trained.history,
            metric,
            folds=data.folds.description,
            seed=settings.seed,
            held=held,
        )
        rows = make_leaderboard(trained.history, trained.model.weights, settings.preference.costs)
        self.leaderboard_ = leaderboard_frame(rows)
        self.holdout_score_: float | None = None
        self.holdout_interval_: tuple[float, float] | None = None
        if held is not None and holdout_rows is not None:
            self._score_holdout(table.iloc[holdout_rows], held, metric, settings.seed, deadline)

    def _keep(self, trained: "TrainingResult") -> None:
        self.model_ = trained.model
        self.metric_ = trained.model.metric
        self.cv_score_ = trained.choice.cv_score
        self.adjusted_ = trained.adjusted
        self.experience_ = trained.experience
        self.ensemble_report_ = pd.DataFrame(trained.choice.combiners)
        self.front_ = pd.DataFrame([each.to_dict() for each in trained.front])
        self.notes_ = trained.notes
        if self.verbose:
            for line in trained.notes:
                print_line(line)

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
            metric,
            y,
            scores,
            seed=seed,
            sample_weight=weight,
            groups=None if held.groups is None else held.groups[rows],
            deadline=deadline,
        )

    def _split(self, dataset: Dataset, seed: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return positions of the search rows and of the hold-out rows (None for no hold-out)."""
        from espalier.pipelines.data.splitting.splits import split_holdout

        if not 0.0 <= self.holdout_fraction < 1.0:
            raise UserError(f"holdout_fraction must be in [0, 1), not {self.holdout_fraction}")
        if self.holdout_fraction == 0.0:
            return np.arange(len(dataset)), None
        return split_holdout(dataset, fraction=self.holdout_fraction, seed=seed)

    def _frozen_features(self, deadline: Deadline) -> FrozenFeatures:
        from espalier.pipelines.images.bad_files import check_policy
        from espalier.pipelines.learners.registry import reads_pixels_alone, uses_networks

        check_policy(self.bad_files)
        settings = TrainingSettings.of(self)
        with_networks = settings.portable is None and uses_networks(
            settings.families, interpretable=settings.interpretable
        )
        return FrozenFeatures(
            image_columns=None if self.image_columns is None else tuple(self.image_columns),
            image_root="" if self.image_root is None else str(self.image_root),
            glance=reads_pixels_alone(settings.families),
            seconds=self.time_budget,
            deadline=deadline,
            pixel_side=None if with_networks else 0,
            meanings=self.portable is None,
            bad_files=self.bad_files,
        )

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _raw_rows(self, X: Any) -> pd.DataFrame:
        """Return X as a table with the training's column names."""
        table = read_features(X, estimator=type(self).__name__)
        labels = column_labels(X)
        if labels is not None and self._column_labels is not None:
            places = match_columns(labels, self._column_labels)
            named = table.iloc[:, places]
            return named.set_axis(list(self._column_names), axis=1)
        if table.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {table.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        table = table.set_axis(list(self._column_names), axis=1)
        if labels is not None:
            places = numbered_columns(labels)
            return table.iloc[:, places].set_axis(table.columns, axis=1)
        return table

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
