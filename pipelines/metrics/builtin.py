"""The built-in metrics."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sklearn import metrics as sk

from espalier.pipelines.metrics import functions as fn
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.objective import (
    ABSOLUTE_ERROR,
    SQUARED_ERROR,
    LossKind,
    TrainingObjective,
)
from espalier.pipelines.problem import ProblemKind

BINARY = frozenset({ProblemKind.BINARY})
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
    objective: TrainingObjective = SQUARED_ERROR,
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
        objective=objective,
    )


def _averaged(name: str, score: Callable[..., Any]) -> tuple[Metric, ...]:
    """Return the binary, macro, micro and weighted variants of a precision-like score."""
    return (
        _label(name, partial(fn.on_labels, score=score, average="binary"), BINARY),
        *(
            _label(f"{name}_{how}", partial(fn.on_labels, score=score, average=how), _CLASSES)
            for how in ("macro", "micro", "weighted")
        ),
    )


def pinball(name: str, level: float) -> Metric:
    """Return the pinball loss of a quantile."""
    return _value(
        name,
        partial(fn.pinball, alpha=level),
        objective=TrainingObjective(loss=LossKind.QUANTILE, level=level),
    )


def tweedie(name: str, power: float) -> Metric:
    """Return the deviance of a Tweedie distribution, for amounts of which many are 0."""
    return _value(
        name,
        partial(fn.deviance, score=partial(sk.mean_tweedie_deviance, power=power)),
        floor=0.0,
        positive=True,
        objective=TrainingObjective(loss=LossKind.TWEEDIE, power=power),
    )


_ON_LOG = TrainingObjective(on_log=True, log_unit=1.0)

BUILTIN: tuple[Metric, ...] = (
    _label("accuracy", partial(fn.on_pairs, score=sk.accuracy_score), _CLASSES),
    _label("balanced_accuracy", partial(fn.on_pairs, score=sk.balanced_accuracy_score), _CLASSES),
    *_averaged("f1", sk.f1_score),
    *_averaged("precision", sk.precision_score),
    *_averaged("recall", sk.recall_score),
    *_averaged("jaccard", sk.jaccard_score),
    _label("mcc", fn.matthews, _CLASSES),
    _label("cohen_kappa", fn.kappa, _CLASSES),
    _label("positive_likelihood_ratio", partial(fn.likelihood_ratio, which=0), BINARY),
    Metric(
        name="negative_likelihood_ratio",
        higher_is_better=False,
        problems=BINARY,
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
    _value("mae", partial(fn.on_pairs, score=sk.mean_absolute_error), objective=ABSOLUTE_ERROR),
    _value(
        "median_ae", partial(fn.on_pairs, score=sk.median_absolute_error), objective=ABSOLUTE_ERROR
    ),
    _value("max_error", fn.max_error),
    _value("r2", partial(fn.explained, score=sk.r2_score), higher=True),
    _value(
        "explained_variance", partial(fn.explained, score=sk.explained_variance_score), higher=True
    ),
    _value(
        "d2_absolute_error",
        partial(fn.explained, score=sk.d2_absolute_error_score),
        higher=True,
        objective=ABSOLUTE_ERROR,
    ),
    _value(
        "mape",
        partial(fn.on_pairs, score=sk.mean_absolute_percentage_error),
        divides=True,
        objective=TrainingObjective(loss=LossKind.QUANTILE, relative=True),
    ),
    _value("smape", fn.smape, objective=TrainingObjective(loss=LossKind.QUANTILE, on_log=True)),
    _value("rmsle", fn.rmsle, floor=0.0, objective=_ON_LOG),
    _value("msle", fn.msle, floor=0.0, objective=_ON_LOG),
    _value(
        "poisson_deviance",
        partial(fn.deviance, score=sk.mean_poisson_deviance),
        floor=0.0,
        positive=True,
        objective=TrainingObjective(loss=LossKind.POISSON),
    ),
    tweedie("tweedie_deviance", 1.5),
    _value(
        "gamma_deviance",
        partial(fn.deviance, score=sk.mean_gamma_deviance),
        floor=0.0,
        open_floor=True,
        positive=True,
        objective=TrainingObjective(loss=LossKind.GAMMA),
    ),
    pinball("pinball", 0.5),
)
