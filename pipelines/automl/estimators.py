"""The two scikit-learn estimators: a whole AutoML run behind ``fit``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from espalier.pipelines.automl.base import AutoMLBase
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:  # a fitted estimator must load without the search
    from pathlib import Path

    from espalier.pipelines.calibration.threshold import Threshold
    from espalier.pipelines.learners.base.learner import Learner
    from espalier.pipelines.members.serving_mode import Serving
    from espalier.pipelines.metrics.metric import Metric


class AutoMLClassifier(ClassifierMixin, AutoMLBase):
    """Finds, tunes and combines classifiers for a table.

    Parameters
    ----------
    time_budget : float or None
        Seconds that ``fit`` may take; None for no limit.
    n_trials : int or None
        Configurations to evaluate; None for as many as the time allows. With a number and no
        ``time_budget`` the same ``random_state`` gives the same model on any machine.
    metric : str, Metric, callable or None
        What to optimise: a name of ours or of scikit-learn's scorers, what `make_metric` returns,
        or a scorer; None for ``roc_auc`` with two classes and ``log_loss`` with more.
    families : sequence of str or Learner, or None
        Model families to try, own ones by `learner_from_estimator`; None for all.
    n_jobs : int or None
        Trials that run at the same time, each on one core; negative counts from all cores.
    random_state : int, RandomState or None
        Where randomness comes from; an int makes a run repeatable.
    ensemble : bool
        Whether models may be combined; otherwise the best one alone is fitted.
    holdout_fraction : float
        Share of the rows that nothing sees but the final score, in [0, 1); 0 for none.
    search : str
        Who proposes configurations: ``guided`` (mostly gradient ascent on a Gaussian process),
        ``gp``, ``neural``, ``forest``, ``tpe``, ``evolution``, ``random`` or ``grid``.
    memory_limit : str or None
        Memory that a trial may use, data included, such as ``"4GiB"``; None for an equal share of
        80 % of the machine's. Fewer trials run at the same time where it needs that.
    serving : "auto", "refit" or "bagged"
        Whether members are fitted once more to all rows (small, quick to ask) or serve as the
        models of their folds; ``auto`` refits what the time allows and bags the rest.
    max_latency_ms, max_size_mb : float or None
        What the model may take for one row, and weigh; members are chosen so.
    interpretable : bool
        Only models that a person can read, and one of them alone.
    n_folds : int or None
        Folds that score a trial, 1 for one split; None for as many as the rows deserve and the
        time allows.
    residual_share : float
        Share of the budget, in [0, 0.5], for regressors of what the ensemble gets wrong; one is
        added only if the loss of left-out rows falls by more than its standard error.
    residual_sees_answers : bool
        Whether those also see what the ensemble's members answer, beside the columns: one more
        layer of stacking.
    verbose : int
        1 prints a line for each trial.
    experience : "auto", str, Path or None
        What other tables have taught: ``auto`` for what Espalier ships, in searches that are long
        enough for it (8 trials, or 10 s); a folder of ``espalier experience fit``; None for none.
    threshold : "auto", float or None
        From which probability on ``predict`` returns the second of two classes;
        ``predict_proba`` does not depend on it. ``auto`` tunes it where the metric scores labels
        (``f1``, ``balanced_accuracy``...) and that is proven to help, and keeps 0.5 for all other
        metrics; None keeps 0.5 always.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        The labels, sorted.
    leaderboard_ : DataFrame
        Every trial, best first, with its weight in the ensemble.
    ensemble_report_ : DataFrame
        Every way of combining that was tried, with its score on rows it was not fitted to.
    cv_score_ : float
        Score of the combination on rows it was not fitted to.
    metric_ : str
        What was optimised.
    holdout_score_, holdout_interval_ : float and (float, float), or None
        On the held-out rows, with a 95 % bootstrap interval.
    threshold_ : float or None
        What ``predict`` uses with two classes.
    adjusted_ : AdjustmentReport
        How reliable the probabilities are, and whether they and the threshold were corrected.
    experience_ : dict or None
        Which known datasets are similar, and what was expected of the first trials and came; None
        where no experience was asked.
    model_ : EnsembleModel
        What predicts.
    n_features_in_ : int
        Columns of the training table.
    feature_names_in_ : array of str
        Their names, if they have any.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = AutoMLClassifier(time_budget=None, n_trials=2, families=["linear"], random_state=0)
    >>> float(model.fit(X, y).score(X, y)) > 0.9
    True
    """

    _task = "classification"

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
        threshold: "Threshold" = "auto",
    ) -> None:
        super().__init__(
            time_budget=time_budget,
            n_trials=n_trials,
            metric=metric,
            families=families,
            n_jobs=n_jobs,
            random_state=random_state,
            ensemble=ensemble,
            holdout_fraction=holdout_fraction,
            search=search,
            memory_limit=memory_limit,
            serving=serving,
            max_latency_ms=max_latency_ms,
            max_size_mb=max_size_mb,
            interpretable=interpretable,
            n_folds=n_folds,
            residual_share=residual_share,
            residual_sees_answers=residual_sees_answers,
            verbose=verbose,
            experience=experience,
        )
        self.threshold = threshold

    @property
    def _threshold(self) -> "Threshold":
        return self.threshold

    @property
    def threshold_(self) -> float | None:
        """The probability from which on ``predict`` returns the second class.

        None with more than two classes.
        """
        check_is_fitted(self, "model_")
        if len(self.classes_) != 2:
            return None
        threshold = self.model_.adjustments.threshold
        return 0.5 if threshold is None else threshold

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, sorted, shape (n_classes,)."""
        check_is_fitted(self, "model_")
        classes = self.model_.classes
        assert classes is not None  # a classifier always has them
        return classes

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities, shape (n_rows, n_classes), in the order of ``classes_``.

        Parameters and errors as in `predict`.
        """
        check_is_fitted(self, "model_")
        return self.model_.predict_proba(self._raw_rows(X))


class AutoMLRegressor(RegressorMixin, AutoMLBase):
    """Finds, tunes and combines regressors for a table.

    Parameters
    ----------
    time_budget : float or None
        Seconds that ``fit`` may take; None for no limit.
    n_trials : int or None
        Configurations to evaluate; None for as many as the time allows. With a number and no
        ``time_budget`` the same ``random_state`` gives the same model on any machine.
    metric : str, Metric, callable or None
        What to optimise: a name of ours or of scikit-learn's scorers, what `make_metric` returns,
        or a scorer; None for ``rmse``.
    families : sequence of str or Learner, or None
        Model families to try, own ones by `learner_from_estimator`; None for all.
    n_jobs : int or None
        Trials that run at the same time, each on one core; negative counts from all cores.
    random_state : int, RandomState or None
        Where randomness comes from; an int makes a run repeatable.
    ensemble : bool
        Whether models may be combined; otherwise the best one alone is fitted.
    holdout_fraction : float
        Share of the rows that nothing sees but the final score, in [0, 1); 0 for none.
    search : str
        Who proposes configurations: ``guided`` (mostly gradient ascent on a Gaussian process),
        ``gp``, ``neural``, ``forest``, ``tpe``, ``evolution``, ``random`` or ``grid``.
    memory_limit : str or None
        Memory that a trial may use, data included, such as ``"4GiB"``; None for an equal share of
        80 % of the machine's. Fewer trials run at the same time where it needs that.
    serving : "auto", "refit" or "bagged"
        Whether members are fitted once more to all rows (small, quick to ask) or serve as the
        models of their folds; ``auto`` refits what the time allows and bags the rest.
    max_latency_ms, max_size_mb : float or None
        What the model may take for one row, and weigh; members are chosen so.
    interpretable : bool
        Only models that a person can read, and one of them alone.
    n_folds : int or None
        Folds that score a trial, 1 for one split; None for as many as the rows deserve and the
        time allows.
    residual_share : float
        Share of the budget, in [0, 0.5], for regressors of what the ensemble gets wrong; one is
        added only if the loss of left-out rows falls by more than its standard error.
    residual_sees_answers : bool
        Whether those also see what the ensemble's members answer, beside the columns: one more
        layer of stacking.
    verbose : int
        1 prints a line for each trial.
    experience : "auto", str, Path or None
        What other tables have taught: ``auto`` for what Espalier ships, in searches that are long
        enough for it (8 trials, or 10 s); a folder of ``espalier experience fit``; None for none.

    Attributes
    ----------
    leaderboard_ : DataFrame
        Every trial, best first, with its weight in the ensemble.
    ensemble_report_ : DataFrame
        Every way of combining that was tried, with its score on rows it was not fitted to.
    cv_score_ : float
        Score of the combination on rows it was not fitted to.
    metric_ : str
        What was optimised.
    holdout_score_, holdout_interval_ : float and (float, float), or None
        On the held-out rows, with a 95 % bootstrap interval.
    adjusted_ : AdjustmentReport
        How prediction intervals do on rows that they were not fitted to.
    experience_ : dict or None
        Which known datasets are similar, and what was expected of the first trials and came; None
        where no experience was asked.
    model_ : EnsembleModel
        What predicts.
    n_features_in_ : int
        Columns of the training table.
    feature_names_in_ : array of str
        Their names, if they have any.
    """

    _task = "regression"

    def predict_interval(
        self, X: Any, coverage: float = 0.9
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lower and upper bounds of prediction intervals, shape (n_rows,) each.

        Conformal intervals from out-of-fold residuals; what they guarantee is told in
        `espalier.pipelines.calibration.intervals`.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_rows, n_columns)
            As in `predict`, whose values lie between the bounds.
        coverage : float
            Share of rows whose value is to lie between the bounds, in (0, 1). Infinite bounds
            say that there were too few rows to tell.

        Raises
        ------
        UserError
            The coverage is not in (0, 1), or there were fewer than ten rows to learn from.
        NotFittedError, MissingColumnsError
            As in `predict`.
        """
        check_is_fitted(self, "model_")
        _, lower, upper = self.model_.predict_interval(self._raw_rows(X), coverage)
        return lower, upper
