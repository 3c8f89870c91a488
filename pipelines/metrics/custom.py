"""Adapt a user's scoring function to `Metric.function`, and test it on toy data."""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFunction:
    """The user's function, with the signature of ``Metric.function``.

    Attributes
    ----------
    function : callable
        The user's function.
    needs : str
        The predictions it takes: ``labels``, ``scores`` or ``values``.
    takes_weight : bool
        Whether it has a parameter ``sample_weight``.
    positive_column : bool
        Whether it takes only the probabilities of class 1 if there are two classes.
    problems : frozenset of ProblemKind
        The problems for which the test on toy data passed.
    """

    function: Callable[..., Any]
    needs: str
    takes_weight: bool
    positive_column: bool = False
    problems: frozenset[ProblemKind] = field(default=frozenset())

    def __call__(
        self, y: NDArray[Any], prediction: NDArray[Any], sample_weight: NDArray[Any] | None
    ) -> float:
        """Return the score of the user's function."""
        if self.positive_column and prediction.ndim == 2:
            prediction = prediction[:, 1]
        if self.takes_weight and sample_weight is not None:
            return float(self.function(y, prediction, sample_weight=sample_weight))
        return float(self.function(y, prediction))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerParts:
    """The parts of a scikit-learn scorer: its function, direction and the predictions it takes."""

    name: str
    function: Callable[..., Any]
    greater_is_better: bool
    needs: str


def scorer_parts(scorer: Callable[..., Any]) -> ScorerParts | None:
    """Return the parts of a scorer made by ``sklearn.metrics.make_scorer``; None for others."""
    function = getattr(scorer, "_score_func", None)
    if function is None:
        return None
    response = getattr(scorer, "_response_method", "predict")
    methods = (response,) if isinstance(response, str) else tuple(response)
    arguments = getattr(scorer, "_kwargs", {})
    return ScorerParts(
        name=getattr(function, "__name__", "own"),
        function=partial(function, **arguments) if arguments else function,
        greater_is_better=getattr(scorer, "_sign", 1) > 0,
        needs="auto" if methods == ("predict",) else "scores",
    )


def adapt_function(
    name: str, function: Callable[..., Any], greater_is_better: bool, needs: str
) -> OwnFunction:
    """Return the user's function adapted, with the problems for which it passed the test.

    Raises
    ------
    UserError
        The test fails for every problem; the message quotes the last error.
    """
    reason = "it fits no problem"
    for positive_column in (False, True) if needs == "scores" else (False,):
        own = OwnFunction(
            function=function,
            # Predictions of one column pass as they are, so that labels serve regression too.
            needs="labels" if needs == "auto" else needs,
            takes_weight=_takes_weight(function),
            positive_column=positive_column,
        )
        complaints = {
            problem: _complaint(own, problem, greater_is_better) for problem in _problems_of(needs)
        }
        passed = [problem for problem, complaint in complaints.items() if complaint is None]
        if passed:
            return replace(own, problems=frozenset(passed))
        reason = next(complaint for complaint in complaints.values() if complaint is not None)
    raise UserError(f"metric {name!r} failed its test on toy data: {reason}")


def _takes_weight(function: Callable[..., Any]) -> bool:
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # a builtin without a signature
        return False


def _problems_of(needs: str) -> tuple[ProblemKind, ...]:
    regression = (ProblemKind.REGRESSION,) if needs in ("auto", "values") else ()
    classes = (ProblemKind.BINARY, ProblemKind.MULTICLASS) if needs != "values" else ()
    return classes + regression


def _complaint(own: OwnFunction, problem: ProblemKind, greater_is_better: bool) -> str | None:
    """Return why the function is unusable for ``problem``, one line; None if it is usable."""
    y, perfect, noise = _toy(own.needs, problem)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            best, worse = own(y, perfect, None), own(y, noise, None)
            if own.takes_weight:
                own(y, noise, np.linspace(0.5, 1.5, len(y)))
    except Exception as error:  # whatever the user's code raises is the finding
        text = (str(error).splitlines() or [""])[0]
        return f"{type(error).__name__}: {text}"
    if not (np.isfinite(best) and np.isfinite(worse)):
        return f"it returned {best} for perfect and {worse} for poor predictions"
    if (best < worse) if greater_is_better else (best > worse):
        return (
            f"it gives {best:.4g} to perfect and {worse:.4g} to poor predictions, so "
            f"greater_is_better={greater_is_better} looks wrong"
        )
    return None


def _toy(needs: str, problem: ProblemKind) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return a target, its perfect prediction and a poor one."""
    n_rows = 30
    if problem is ProblemKind.REGRESSION:
        y = np.linspace(1.0, 4.0, n_rows)
        return y, y.copy(), y[::-1].copy()
    n_classes = 2 if problem is ProblemKind.BINARY else 3
    codes = np.arange(n_rows, dtype=np.int64) % n_classes
    wrong = np.where(np.arange(n_rows) % 5 < 2, codes, (codes + 1) % n_classes)
    if needs == "labels":
        return codes, codes.copy(), wrong
    certain = np.full((n_classes, n_classes), 0.1 / (n_classes - 1)) + np.eye(n_classes) * (
        0.9 - 0.1 / (n_classes - 1)
    )
    return codes, certain[codes], certain[wrong]
