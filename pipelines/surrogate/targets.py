"""Training data of performance predictors: the trials so far as configurations and gains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult


@dataclass(frozen=True, slots=True)
class Observations:
    """Configurations that were tried, and their gains.

    Attributes
    ----------
    configurations : tuple of Configuration
        In the order of trial numbers.
    gains : array, shape (n,)
        Larger is better; standard normal scores of the ranks.
    n_successes : int
        Number of them that have a score of their own.
    """

    configurations: tuple[Configuration, ...]
    gains: NDArray[np.float64]
    n_successes: int


def observe(history: History) -> Observations:
    """Convert finished trials to configurations and gains.

    A trial that was stopped as clearly worse counts by the folds it had, one without a score like
    the worst one: the search should avoid what fails, runs out of memory or takes too long.
    """
    results = history.ordered
    best = history.best
    raw = np.array([_raw_gain(each, history, best) for each in results])
    return Observations(
        tuple(each.trial.configuration for each in results),
        normal_scores(raw),
        sum(each.succeeded for each in results),
    )


def _raw_gain(result: TrialResult, history: History, best: TrialResult | None) -> float:
    if result.succeeded:
        return history.gain(result)
    expected = history.expected_gain(result, best)
    return -np.inf if expected is None else expected


def normal_scores(values: Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    """Return the standard normal quantiles of the ranks (ties share theirs), shape (n,).

    Ranks make every metric and every table look alike to a predictor and limit the influence of
    disastrous trials, whose size says nothing about where the optimum is: the copula transform of
    Salinas, Shen and Perrone, "A quantile-based approach for hyperparameter transfer learning"
    (ICML 2020).
    """
    ranks = rankdata(values)
    return np.asarray(ndtri((ranks - 0.5) / len(ranks)), dtype=np.float64)
