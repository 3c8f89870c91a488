"""The built-in metrics, their names and aliases, and the default metric of each problem."""

import difflib
import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from sklearn import metrics as sk

from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics import functions as fn
from espalier.pipelines.metrics.custom import OwnFunction, adapt_function, scorer_parts
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.problem import ProblemKind

_BINARY = frozenset({ProblemKind.BINARY})
_CLASSES = frozenset({ProblemKind.BINARY, ProblemKind.MULTICLASS})
_REGRESSION = frozenset({ProblemKind.REGRESSION})


def _label(name: str, function: Callable[..., float], problems: frozenset[ProblemKind]) -> Metric:
    return Metric(
        name=name, higher_is_better=True, problems=problems, needs="labels", function=function
    )


def _score(name: str, function: Callable[..., float], *, higher: bool) -> Metric:
    return Metric(
        name=name, higher_is_better=higher, problems=_CLASSES, needs="scores", function=function
    )


def _value(
    name: str,
    function: Callable[..., float],
    *,
    higher: bool = False,
    floor: float | None = None,
    open_floor: bool = False,
    positive: bool = False,
    divides: bool = False,
) -> Metric:
    return Metric(
        name=name,
        higher_is_better=higher,
        problems=_REGRESSION,
        needs="values",
        function=function,
        target_floor=floor,
        open_floor=open_floor,
        positive_answers=positive,
        divides_by_target=divides,
    )


def _averaged(name: str, score: Callable[..., Any]) -> tuple[Metric, ...]:
    """Return the binary, macro, micro and weighted variants of a precision-like score."""
    return (
        _label(name, partial(fn.on_labels, score=score, average="binary"), _BINARY),
        *(
            _label(f"{name}_{how}", partial(fn.on_labels, score=score, average=how), _CLASSES)
            for how in ("macro", "micro", "weighted")
        ),
    )


_TABLE: tuple[Metric, ...] = (
    _label("accuracy", partial(fn.on_pairs, score=sk.accuracy_score), _CLASSES),
    _label("balanced_accuracy", partial(fn.on_pairs, score=sk.balanced_accuracy_score), _CLASSES),
    *_averaged("f1", sk.f1_score),
    *_averaged("precision", sk.precision_score),
    *_averaged("recall", sk.recall_score),
    *_averaged("jaccard", sk.jaccard_score),
    _label("mcc", fn.matthews, _CLASSES),
    _label("cohen_kappa", fn.kappa, _CLASSES),
    _label("positive_likelihood_ratio", partial(fn.likelihood_ratio, which=0), _BINARY),
    Metric(
        name="negative_likelihood_ratio",
        higher_is_better=False,
        problems=_BINARY,
        needs="labels",
        function=partial(fn.likelihood_ratio, which=1),
    ),
    _score("roc_auc", fn.roc_auc, higher=True),
    _score("roc_auc_ovr", fn.roc_auc, higher=True),
    _score("roc_auc_ovr_weighted", partial(fn.roc_auc, average="weighted"), higher=True),
    _score("roc_auc_ovo", fn.roc_auc_ovo, higher=True),
    _score("roc_auc_ovo_weighted", partial(fn.roc_auc_ovo, average="weighted"), higher=True),
    _score("average_precision", fn.average_precision, higher=True),
    Metric(
        name="top_k_accuracy",
        higher_is_better=True,
        problems=frozenset({ProblemKind.MULTICLASS}),
        needs="scores",
        function=partial(fn.top_k_accuracy, k=2),
    ),
    _score("log_loss", fn.log_loss, higher=False),
    _score("brier", fn.brier, higher=False),
    _score("d2_log_loss", partial(fn.explained_loss, loss=fn.log_loss), higher=True),
    _score("d2_brier", partial(fn.explained_loss, loss=fn.brier), higher=True),
    _value("rmse", partial(fn.on_pairs, score=sk.root_mean_squared_error)),
    _value("mse", partial(fn.on_pairs, score=sk.mean_squared_error)),
    _value("mae", partial(fn.on_pairs, score=sk.mean_absolute_error)),
    _value("median_ae", partial(fn.on_pairs, score=sk.median_absolute_error)),
    _value("max_error", fn.max_error),
    _value("r2", partial(fn.explained, score=sk.r2_score), higher=True),
    _value(
        "explained_variance", partial(fn.explained, score=sk.explained_variance_score), higher=True
    ),
    _value(
        "d2_absolute_error", partial(fn.explained, score=sk.d2_absolute_error_score), higher=True
    ),
    _value("mape", partial(fn.on_pairs, score=sk.mean_absolute_percentage_error), divides=True),
    _value("smape", fn.smape),
    _value("rmsle", fn.rmsle, floor=0.0),
    _value("msle", fn.msle, floor=0.0),
    _value(
        "poisson_deviance",
        partial(fn.deviance, score=sk.mean_poisson_deviance),
        floor=0.0,
        positive=True,
    ),
    _value(
        "gamma_deviance",
        partial(fn.deviance, score=sk.mean_gamma_deviance),
        floor=0.0,
        open_floor=True,
        positive=True,
    ),
    _value("pinball", partial(fn.pinball, alpha=0.5)),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _TABLE})

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
_PINBALL = re.compile(r"(?:pinball|quantile)_(0?\.\d+)")
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
    if problem not in metric.problems and not (n_classes == 2 and metric.problems == _BINARY):
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
        return _value(key, partial(fn.pinball, alpha=float(quantile[1])))
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
    return make_metric(
        parts.name, parts.function, greater_is_better=parts.greater_is_better, needs=parts.needs
    )


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
