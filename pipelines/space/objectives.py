"""The search's choice of what a model minimises, where the metric asks for a quantile."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.base.aim import CHOICE, LOG, METRIC, SQUARED
from espalier.pipelines.metrics.objective import LossKind, TrainingObjective
from espalier.pipelines.space.parameter import Parameter

# A target is skewed from this skewness on: that of an exponential distribution is 2.
_SKEWED = 1.0


def objective_choices(objective: TrainingObjective, y: NDArray[Any]) -> tuple[str, ...]:
    """Return the ways to train that a search may choose from, the default first.

    Absolute errors converge slowly, and the median that they estimate is the mean where the target
    lies symmetrically around it, or its logarithm does. Which way is better differs between
    tables and families (docs/decisions/0050). A monotone transform leaves a quantile in place; it
    does not so the mean, so nothing is offered for squared errors and deviances, nor where the
    metric itself takes logarithms.

    Parameters
    ----------
    objective : TrainingObjective
        What the metric asks for.
    y : array, shape (n_rows,)
        Values.

    Returns
    -------
    tuple of str
        Empty where there is nothing to choose.
    """
    if objective.loss is not LossKind.QUANTILE or objective.on_log or not len(y):
        return ()
    plain = (METRIC, SQUARED) if objective.is_median else (METRIC,)
    if _is_skewed(np.asarray(y, dtype=np.float64)):
        return (LOG, *plain)
    return plain if len(plain) > 1 else ()


def choice_of_objective(
    choices: tuple[str, ...], losses: frozenset[LossKind]
) -> tuple[Parameter, ...]:
    """Return the hyperparameter of the choice; none where a family has nothing to choose.

    Parameters
    ----------
    choices : tuple of str
        From `objective_choices`.
    losses : frozenset of LossKind
        Those that the family can minimise. Without quantiles its own way is the squared error.
    """
    if LossKind.QUANTILE not in losses and SQUARED in choices:
        choices = tuple(each for each in choices if each != METRIC)
    if len(choices) < 2:
        return ()
    return (Parameter(name=CHOICE, default=choices[0], choices=choices),)


def _is_skewed(y: NDArray[np.float64]) -> bool:
    """Whether values of at least 0 have a long tail upwards, and their logarithms less of one."""
    mean = float(y.mean())
    if y.min() < 0 or not mean > 0:
        return False
    raw, on_log = _skewness(y), _skewness(np.log1p(y / mean))
    return raw > _SKEWED and abs(on_log) < raw


def _skewness(values: NDArray[np.float64]) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0
