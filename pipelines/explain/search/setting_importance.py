"""Which hyperparameters mattered: the variance of the score over the search space, split up.

A forest learns the score of a family's trials from their configurations. Its predictions over
random configurations of the space vary; that variance is split by hyperparameter, as functional
ANOVA does (Hutter, Hoos & Leyton-Brown 2014, "An efficient approach for assessing hyperparameter
importance"), here by Jansen's sampling estimators (Jansen 1999; Saltelli et al. 2010, "Variance
based sensitivity analysis of model output"): of two random configurations a and b,

    alone     1 - mean (f(b) - f(a with the setting of b))^2 / (2 Var f)
    in all        mean (f(a) - f(a with the setting of b))^2 / (2 Var f)

The first is the share of a hyperparameter by itself, the second that share with all of its
interactions. Scores far below the median are moved up to a floor first: one diverged network would
otherwise be all there is to explain. With few trials the forest knows little; how well it predicts
trials that its trees have not seen is told beside the shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult

FEWEST_TRIALS = 10
"""Trials with a score that a family needs."""
SAMPLES = 512
TREES = 64
MOST_SETTINGS = 8
# Scores this many times as far below the best as the median are moved up.
_FLOOR = 3.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingShare:
    """The share of a hyperparameter in the variance of the score.

    Attributes
    ----------
    name : str
        The hyperparameter; preprocessing choices start with ``prep_``.
    alone : float
        Its share by itself, in [0, 1].
    in_all : float
        Its share with all interactions, at least ``alone``.
    """

    name: str
    alone: float
    in_all: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyImportance:
    """The hyperparameters of a family by importance.

    Attributes
    ----------
    family : str
        The model family.
    n_trials : int
        Trials that the forest learnt from.
    fit : float
        Share of the variance of these trials' scores that trees which have not seen them explain
        (out-of-bag R^2); at most 1, and below 0 if they predict worse than the mean.
    shares : tuple of SettingShare
        The most important first.
    """

    family: str
    n_trials: int
    fit: float
    shares: tuple[SettingShare, ...]


def setting_importances(
    history: History, space: SearchSpace, *, seed: int
) -> tuple[FamilyImportance, ...]:
    """Return the importances of every family with enough trials, most trials first.

    Parameters
    ----------
    history : History
        All trials.
    space : SearchSpace
        The space they come from; trials of other families are left out.
    seed : int
        The run's seed.
    """
    by_family: dict[str, list[TrialResult]] = {}
    for result in history.successes:
        by_family.setdefault(result.trial.configuration.family, []).append(result)
    found = []
    for family, results in by_family.items():
        if len(results) < FEWEST_TRIALS or family not in space.families:
            continue
        gains = clipped([history.gain(each) for each in results])
        if np.ptp(gains) > 0:
            found.append(_family(family, results, gains, space, seed))
    return tuple(sorted(found, key=lambda each: -each.n_trials))


def clipped(gains: Sequence[float]) -> Floats:
    """Return gains none of which is more than three times as far behind as the median is."""
    values = np.asarray(gains, dtype=np.float64)
    best = values.max()
    return np.maximum(values, best - _FLOOR * max(best - float(np.median(values)), 1e-12))


def _family(
    family: str, results: list[TrialResult], gains: Floats, space: SearchSpace, seed: int
) -> FamilyImportance:
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(
        n_estimators=TREES,
        min_samples_leaf=2,
        bootstrap=True,
        oob_score=True,
        random_state=integer_seed(seed, "explain", "settings", family),
        n_jobs=1,
    )
    forest.fit(space.encode([each.trial.configuration for each in results]), gains)
    rng = generator(seed, "explain", "settings", family)
    a, b = (space.encode(space.sample_family(family, SAMPLES, rng)) for _ in range(2))
    places = _places(family, space.coordinates)
    mixed = []
    for columns in places.values():
        swapped = a.copy()
        swapped[:, columns] = b[:, columns]
        mixed.append(swapped)
    answers = forest.predict(np.concatenate([a, b, *mixed]))
    of_a, of_b, *of_mixed = np.split(answers, 2 + len(mixed))
    variance = float(np.var(np.concatenate([of_a, of_b])))
    shares = []
    for name, of_swapped in zip(places, of_mixed, strict=True):
        if not variance > 0:
            break
        in_all = float(np.clip(np.mean((of_a - of_swapped) ** 2) / (2 * variance), 0.0, 1.0))
        alone = 1.0 - float(np.mean((of_b - of_swapped) ** 2)) / (2 * variance)
        if in_all > 0:
            alone = float(np.clip(alone, 0.0, in_all))
            shares.append(SettingShare(name=name, alone=alone, in_all=in_all))
    shares.sort(key=lambda each: -each.in_all)
    return FamilyImportance(
        family=family,
        n_trials=len(results),
        fit=float(forest.oob_score_),
        shares=tuple(shares[:MOST_SETTINGS]),
    )


def _places(family: str, coordinates: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of the encoding by hyperparameter of the family."""
    found: dict[str, list[int]] = {}
    for place, coordinate in enumerate(coordinates):
        head = coordinate.partition("=")[0]  # a choice may hold a colon
        owner, _, name = head.rpartition(":")
        if name != "family" and owner in ("", family):
            found.setdefault(name, []).append(place)
    return found
