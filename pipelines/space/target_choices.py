"""The search's choice of a transform of the target, for skewed targets."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.base.target_transform import CHOICE
from espalier.pipelines.metrics.objective import LossKind, TrainingObjective
from espalier.pipelines.space.parameter import Parameter

# A target is skewed from this skewness on: that of an exponential distribution is 2.
_SKEWED = 1.0


def target_choices(objective: TrainingObjective, y: NDArray[Any]) -> tuple[str, ...]:
    """Return the transforms of a target that a search may choose from, the default first.

    They are offered for quantiles, which a monotone transform leaves in place, and not where the
    metric itself takes logarithms. The mean of a logarithm is not the logarithm of the mean: for
    squared errors and deviances there is nothing to choose (docs/decisions/0050).

    Parameters
    ----------
    objective : TrainingObjective
        What the metric asks for.
    y : array, shape (n_rows,)
        Values.

    Returns
    -------
    tuple of str
        Empty where the target stays as it is.
    """
    if objective.loss is not LossKind.QUANTILE or objective.on_log or not len(y):
        return ()
    values = np.asarray(y, dtype=np.float64)
    mean = float(values.mean())
    if values.min() < 0 or not mean > 0:
        return ()
    raw, on_log = _skewness(values), _skewness(np.log1p(values / mean))
    return ("log", "raw") if raw > _SKEWED and abs(on_log) < raw else ()


def choice_of_target(choices: tuple[str, ...]) -> tuple[Parameter, ...]:
    """Return the hyperparameter of the choice; none where there is nothing to choose."""
    return (Parameter(name=CHOICE, default=choices[0], choices=choices),) if choices else ()


def _skewness(values: NDArray[np.float64]) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0
