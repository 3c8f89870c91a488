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
from espalier.pipelines.surrogate.targets import observe

Array = NDArray[np.float64]

START = 10
"""Trials before the predictor is asked: fewer say little about single choices."""
_INCUMBENTS = 8
_WORST_GAIN = -0.674  # the lower quartile of normal scores


def guided_mutations(
    situation: StrategyContext, n: int, *, families: Sequence[str], max_per_family: int
) -> list[Proposal]:
    """Return up to ``n`` proposals; none below `START` trials.

    With costs among the aims the acquisition is the expected gain in hypervolume of the front,
    otherwise expected improvement.
    """
    space = situation.space
    observed = observe(situation.history)
    if len(observed.configurations) < START:
        return []
    with limit_threads(1):
        predictor = fitted_process(situation)
        believed = predictor.predict(space.encode(observed.configurations))[0]
        objective, places = _objective(situation, predictor, believed)
        incumbents = [observed.configurations[place] for place in places]
        return propose_by_mutation(
            space,
            objective,
            predictor,
            tried=observed.configurations,
            incumbents=[*incumbents, *situation.favourites],
            pending=situation.pending,
            families=families,
            n=n,
            rng=situation.rng,
            admissible=situation.is_open,
            max_per_family=max_per_family,
        )


def _objective(
    situation: StrategyContext, predictor: BelievingPredictor, believed: Array
) -> tuple[Climbable, list[int]]:
    """Return the acquisition, and the places of the trials to mutate."""
    best = float(believed.max())
    order = [int(place) for place in np.argsort(-believed, kind="stable")]
    aims = situation.admission.aims
    if not aims.costs:
        return Objective(predictor=predictor, best=best), order[:_INCUMBENTS]
    costs = aims.of([each.trial.configuration for each in situation.history.ordered])
    there = np.isfinite(costs).all(axis=1)
    # A point as dear as the dearest still counts a little, so the reference is just beyond it.
    worst = costs[there].max(axis=0) * (1.0 + 1e-6) if there.any() else np.ones(costs.shape[1])
    levels = CostLevels.of(costs[there], believed[there], worst_costs=worst, worst_gain=_WORST_GAIN)
    on_front = np.flatnonzero(there)[front_of(costs[there], believed[there])]

    def of_points(X: Array) -> Array:
        return aims.of(situation.space.decode_many(X))

    return (
        FrontObjective(predictor=predictor, costs=of_points, levels=levels, best=best),
        list(dict.fromkeys([*map(int, on_front), *order[:_INCUMBENTS]])),
    )
