"""The names and aliases of the metrics, and the default metric of each problem."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.builtin import BINARY, BUILTIN, pinball, tweedie
from espalier.pipelines.metrics.custom import OwnFunction, adapt_function, scorer_parts
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.objective import SQUARED_ERROR, TrainingObjective
from espalier.pipelines.problem import ProblemKind

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in BUILTIN})

# scikit-learn's scorer names (their leading ``neg_`` is taken off first) and everyday ones.
_ALIASES = {
    "auc": "roc_auc",
    "acc": "accuracy",
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "matthews_corrcoef": "mcc",
    "kappa": "cohen_kappa",
    "brier_score": "brier",
    "brier_score_loss": "brier",
    "d2_brier_score": "d2_brier",
    "d2_log_loss_score": "d2_log_loss",
    "d2_absolute_error_score": "d2_absolute_error",
    "root_mean_squared_error": "rmse",
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "median_absolute_error": "median_ae",
    "mean_absolute_percentage_error": "mape",
    "mean_squared_log_error": "msle",
    "root_mean_squared_log_error": "rmsle",
    "mean_poisson_deviance": "poisson_deviance",
    "mean_gamma_deviance": "gamma_deviance",
    "mean_pinball_loss": "pinball",
}
_PINBALL = re.compile(r"(?:pinball|quantile)_(0?\.\d*[1-9]\d*)")
_TWEEDIE = re.compile(r"tweedie(?:_deviance)?_(1\.\d*[1-9]\d*)")
_DEFAULTS = {
    ProblemKind.BINARY: "roc_auc",
    ProblemKind.MULTICLASS: "log_loss",
    ProblemKind.REGRESSION: "rmse",
}


def get_metric(
    name: "str | Metric | Callable[..., Any] | None", problem: ProblemKind, n_classes: int = 1
) -> Metric:
    """Return the metric that ``name`` means for a problem.

    Parameters
    ----------
    name : str, Metric, callable or None
        A name of ours, a scorer name of scikit-learn (``neg_log_loss`` is our ``log_loss``, scored
        in its natural direction), ``pinball_0.9`` for a quantile, a `Metric`, a scorer made by
        ``sklearn.metrics.make_scorer``, or None for the problem's default.
    problem : ProblemKind
        The kind of problem.
    n_classes : int
        Number of classes; with two, binary metrics are allowed whatever ``problem`` is.

    Raises
    ------
    UserError
        The metric is unknown, does not fit the problem, or is a plain callable, whose direction is
        unknown.
    """
    if isinstance(name, Metric):
        metric = name
    elif name is None:
        metric = METRICS[_DEFAULTS[problem]]
    elif isinstance(name, str):
        metric = _by_name(name, problem)
    else:
        metric = _from_scorer(name)
    if problem not in metric.problems and not (n_classes == 2 and metric.problems == BINARY):
        raise UserError(
            f"metric {metric.name!r} does not fit a {problem} problem; "
            f"choose one of: {_fitting(problem)}"
        )
    return metric


def _by_name(name: str, problem: ProblemKind) -> Metric:
    """Return the metric called ``name`` or one of its aliases."""
    key = name.strip().lower().replace("-", "_").removeprefix("neg_")
    key = _ALIASES.get(key, key)
    if key in METRICS:
        return METRICS[key]
    if quantile := _PINBALL.fullmatch(key):
        return pinball(key, float(quantile[1]))
    if power := _TWEEDIE.fullmatch(key):
        return tweedie(key, float(power[1]))
    near = difflib.get_close_matches(key, [*METRICS, *_ALIASES], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(
        f"unknown metric {name!r}; {hint}those that fit a {problem} problem: {_fitting(problem)}"
    )


def _fitting(problem: ProblemKind) -> str:
    return ", ".join(name for name, metric in METRICS.items() if problem in metric.problems)


def _from_scorer(scorer: Callable[..., Any]) -> Metric:
    """Return the metric of a scorer made by ``sklearn.metrics.make_scorer``."""
    parts = scorer_parts(scorer)
    if parts is None:
        raise UserError(
            f"metric {getattr(scorer, '__name__', scorer)!r} is a plain function, so its direction "
            "is unknown; wrap it: make_metric(name, function, greater_is_better=True)"
        )
    ours = _same_function(parts.function)
    if ours is not None:
        return ours
    made = make_metric(
        parts.name, parts.function, greater_is_better=parts.greater_is_better, needs=parts.needs
    )
    return replace(made, objective=_objective_of(parts.function))


def _objective_of(function: Callable[..., Any]) -> TrainingObjective:
    """Return the objective of a function of scikit-learn; the squared error for any other."""
    given: Mapping[str, Any] = function.keywords if isinstance(function, partial) else {}
    whole = function.func if isinstance(function, partial) else function
    metric = METRICS.get(_ALIASES.get(getattr(whole, "__name__", ""), ""))
    if metric is None or not getattr(whole, "__module__", "").startswith("sklearn.metrics"):
        return SQUARED_ERROR
    return replace(metric.objective, level=float(given.get("alpha", metric.objective.level)))


def _same_function(function: Callable[..., Any]) -> Metric | None:
    """Return our metric for a function of scikit-learn that does not take every target.

    Ours also take the answers that a model may give where scikit-learn's raise an error.
    """
    if not getattr(function, "__module__", "").startswith("sklearn.metrics"):
        return None
    metric = METRICS.get(_ALIASES.get(getattr(function, "__name__", ""), ""))
    return None if metric is None or metric.target_floor is None else metric


def make_metric(
    name: str, function: Callable[..., Any], *, greater_is_better: bool, needs: str = "auto"
) -> Metric:
    """Return a metric from the user's own function, after testing it on toy data.

    Parameters
    ----------
    name : str
        Name on the leaderboard.
    function : callable (y_true, y_pred) or (y_true, y_pred, sample_weight) -> float
        Takes class codes 0..K-1 or regression values. With ``needs="scores"`` it takes
        probabilities of shape (n_rows, K); a function that only accepts those of class 1, shape
        (n_rows,), is adapted.
    greater_is_better : bool
        Whether a greater score is better.
    needs : str
        ``labels``, ``scores`` or ``values``; ``auto`` tries labels for classification and values
        for regression, and accepts those that pass the test.

    Raises
    ------
    UserError
        The function fails on toy data, returns no finite number, or scores noise better than
        perfect predictions, which means that its direction is wrong.
    """
    if needs not in ("auto", "labels", "scores", "values"):
        raise UserError(f"metric {name!r}: needs must be labels, scores or values, not {needs!r}")
    own: OwnFunction = adapt_function(name, function, greater_is_better, needs)
    return Metric(
        name=name,
        higher_is_better=greater_is_better,
        problems=own.problems,
        needs=own.needs,
        function=own,
    )
