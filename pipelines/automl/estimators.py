"""The two scikit-learn estimators: a whole AutoML run behind ``fit``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from espalier.pipelines.automl.base import AutoMLBase
from espalier.pipelines.automl.shared_docs import with_shared_docs
from espalier.pipelines.members.preference import SCORE
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:  # a fitted estimator must load without the search
    from pathlib import Path

    from espalier.pipelines.calibration.threshold import Threshold
    from espalier.pipelines.export.base.formats import PortableFormat
    from espalier.pipelines.images.bad_files import BadFiles
    from espalier.pipelines.learners.base.learner import Learner
    from espalier.pipelines.members.serving_mode import Serving
    from espalier.pipelines.metrics.metric import Metric


@with_shared_docs
class AutoMLClassifier(ClassifierMixin, AutoMLBase):
    """Finds, tunes and combines classifiers for a table.

    Parameters
    ----------
    metric : str, Metric, callable or None
        Metric to optimise: a name known to Espalier or a scorer name of scikit-learn, a result of
        `make_metric`, or a scorer; None for ``roc_auc`` with two classes and ``log_loss`` with
        more.
    {shared parameters}
    {threshold}

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        The labels, sorted.
    threshold_ : float or None
        Decision threshold of ``predict`` with two classes, else None.
    adjusted_ : AdjustmentReport
        Reliability of the probabilities, and how they and the threshold were adjusted.
    {shared attributes}

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
        n_jobs: int | None = None,
        random_state: Any = None,
        ensemble: bool = True,
        holdout_fraction: float = 0.0,
        search: str = DEFAULT_STRATEGY,
        memory_limit: str | None = None,
        serving: "Serving" = "auto",
        max_latency_ms: float | None = None,
        max_size_mb: float | None = None,
        interpretable: bool = False,
        portable: "PortableFormat | None" = None,
        n_folds: int | None = None,
        residual_share: float = 0.0,
        residual_sees_answers: bool = False,
        verbose: int = 0,
        experience: "str | Path | None" = "auto",
        threshold: "Threshold" = "auto",
        image_columns: "Sequence[Any] | None" = None,
        image_root: "str | Path | None" = None,
        bad_files: "BadFiles" = "missing",
        objectives: "Sequence[str]" = (SCORE,),
        prefer: str | None = None,
        max_operations: float | None = None,
    ) -> None:
        _keep_parameters(self, locals())

    @property
    def threshold_(self) -> float | None:
        """The probability from which ``predict`` returns the second class.

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


@with_shared_docs
class AutoMLRegressor(RegressorMixin, AutoMLBase):
    """Finds, tunes and combines regressors for a table.

    Parameters
    ----------
    metric : str, Metric, callable or None
        Metric to optimise: a name known to Espalier or a scorer name of scikit-learn, a result of
        `make_metric`, or a scorer; None for ``rmse``.
    {shared parameters}

    Attributes
    ----------
    adjusted_ : AdjustmentReport
        Coverage and width of prediction intervals on rows that they were not fitted to.
    {shared attributes}
    """

    _task = "regression"

    def __init__(
        self,
        time_budget: float | None = 60.0,
        n_trials: int | None = None,
        metric: "str | Metric | Callable[..., Any] | None" = None,
        families: "Sequence[str | Learner] | None" = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        ensemble: bool = True,
        holdout_fraction: float = 0.0,
        search: str = DEFAULT_STRATEGY,
        memory_limit: str | None = None,
        serving: "Serving" = "auto",
        max_latency_ms: float | None = None,
        max_size_mb: float | None = None,
        interpretable: bool = False,
        portable: "PortableFormat | None" = None,
        n_folds: int | None = None,
        residual_share: float = 0.0,
        residual_sees_answers: bool = False,
        verbose: int = 0,
        experience: "str | Path | None" = "auto",
        image_columns: "Sequence[Any] | None" = None,
        image_root: "str | Path | None" = None,
        bad_files: "BadFiles" = "missing",
        objectives: "Sequence[str]" = (SCORE,),
        prefer: str | None = None,
        max_operations: float | None = None,
    ) -> None:
        _keep_parameters(self, locals())

    def predict_interval(
        self, X: Any, coverage: float = 0.9
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lower and upper bounds of prediction intervals, shape (n_rows,) each.

        Conformal intervals from out-of-fold residuals; what can be expected of them is told in
        `espalier.pipelines.calibration.intervals`.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_rows, n_columns)
            As in `predict`.
        coverage : float
            Share of rows whose value should lie between the bounds, in (0, 1). Bounds are
            infinite if there were too few rows to estimate them.

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


def _keep_parameters(estimator: AutoMLBase, given: dict[str, Any]) -> None:
    """Set the parameters of ``__init__`` as attributes, unchanged, as scikit-learn requires.

    Parameters
    ----------
    estimator : AutoMLBase
        The estimator that is being constructed.
    given : dict of str to Any
        The local variables of its ``__init__``.
    """
    for name, value in given.items():
        if name != "self":
            setattr(estimator, name, value)
