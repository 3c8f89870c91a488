"""Guided search where every hyperparameter is a choice, as in spaces of network architectures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.front import CostLevels, FrontObjective, front_of
from espalier.pipelines.acquisition.guide import BelievingPredictor, Proposal
from espalier.pipelines.acquisition.mutations import Climbable, propose_by_mutation
from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.search.strategies.predictors import fitted_process
from espalier.pipelines.search.strategies.situation import StrategyContext
from espalier.pipelines.surrogate.additive import AdditiveProcess
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

Array = NDArray[np.float64]

START = 10
"""Trials before the predictor is asked: fewer say little about single choices."""
_INCUMBENTS = 8
_WORTHLESS = 0.25  # quantile of the first trials below which a score adds no volume
_LOWEST = -0.5  # share of the way from there to the best, below which scores look alike


def guided_mutations(
    situation: StrategyContext, n: int, *, families: Sequence[str], max_per_family: int
) -> list[Proposal]:
    """Return up to ``n`` proposals; none below `START` trials.

    With costs among the aims the acquisition is the expected gain in hypervolume of the front,
    otherwise expected improvement.
    """
    space = situation.space
    tried = [each.trial.configuration for each in situation.history.ordered]
    if len(tried) < START:
        return []
    with limit_threads(1):
        objective, predictor, places = (
            _for_the_front(situation, tried)
            if situation.admission.aims.costs
            else _for_the_score(situation, tried)
        )
        return propose_by_mutation(
            space,
            objective,
            predictor,
            tried=tried,
            incumbents=[*(tried[place] for place in places), *situation.favourites],
            pending=situation.pending,
            families=families,
            n=n,
            rng=situation.rng,
            admissible=situation.is_open,
            max_per_family=max_per_family,
        )


def _for_the_score(
    situation: StrategyContext, tried: Sequence[Configuration]
) -> tuple[Climbable, BelievingPredictor, list[int]]:
    """Return the acquisition, its predictor, and the places of the trials to mutate."""
    predictor = fitted_process(situation)
    believed = predictor.predict(situation.space.encode(tried))[0]
    return Objective(predictor=predictor, best=float(believed.max())), predictor, _best(believed)


def _for_the_front(
    situation: StrategyContext, tried: Sequence[Configuration]
) -> tuple[Climbable, BelievingPredictor, list[int]]:
    """Return the acquisition, its predictor, and the places of the trials to mutate."""
    space, aims = situation.space, situation.admission.aims
    X = space.encode(tried)
    predictor = AdditiveProcess(space).fit(X, _scaled(situation.history))
    believed = predictor.predict(X)[0]
    costs = aims.of(tried)
    there = np.isfinite(costs).all(axis=1)
    # A point as dear as the dearest still counts a little, so the reference is just beyond it.
    worst = costs[there].max(axis=0) if there.any() else np.ones(costs.shape[1])
    worst = worst + 1e-6 * np.maximum(np.abs(worst), 1e-6)
    levels = CostLevels.of(costs[there], believed[there], worst_costs=worst, worst_gain=0.0)
    on_front = np.flatnonzero(there)[front_of(costs[there], believed[there])]
    objective = FrontObjective(
        predictor=predictor,
        costs=lambda X: aims.of(space.decode_many(X)),
        levels=levels,
        best=float(believed.max()),
    )
    return objective, predictor, list(dict.fromkeys([*map(int, on_front), *_best(believed)]))


def _best(believed: Array) -> list[int]:
    return [int(place) for place in np.argsort(-believed, kind="stable")[:_INCUMBENTS]]


def _scaled(history: History) -> Array:
    """Return scores as shares of the way from a worthless one to the best, shape (n,).

    Ranks would do for the best score, but volume is measured in scores. Disastrous ones are cut
    off: they say nothing about the front.
    """
    gains = np.array(
        [history.gain(each) if each.succeeded else -np.inf for each in history.ordered]
    )
    known = gains[np.isfinite(gains)]
    if not len(known):
        return np.zeros(len(gains))
    worthless = float(np.quantile(known[:START], _WORTHLESS))
    way = float(known.max()) - worthless
    return np.maximum((gains - worthless) / (way if way > 0 else 1.0), _LOWEST)
