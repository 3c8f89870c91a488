"""Choose members and weights by the metric itself, in probability space.

Greedy selection with replacement: Caruana, Niculescu-Mizil, Crew, Ksikes 2004, "Ensemble
selection from libraries of models". Its step is 1/k at the k-th choice. The shrunken convex
stagewise ensemble is the same walk with a small fixed step from the best single model, which is
the Frank-Wolfe algorithm on the simplex of weights, stopped early.
"""

from collections.abc import Callable

import numpy as np

from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.metrics.mixture_scorer import MixtureScorer
from espalier.pipelines.resources.budget import NEVER, Deadline

# The walk ends after this many choices in a row without an improvement on the best mixture.
PATIENCE = 5


def best_single(scores: Floats) -> Floats:
    """Return weights, shape (m,), that are 1 for the best of ``scores`` and 0 for the others."""
    weights = np.zeros(len(scores))
    weights[int(np.argmax(scores))] = 1.0
    return weights


def plain_average(scores: Floats) -> Floats:
    """Return equal weights, shape (m,)."""
    return np.full(len(scores), 1.0 / len(scores))


def greedy_selection(
    reduced: Floats,
    scorer: MixtureScorer,
    scores: Floats,
    *,
    n_choices: int,
    n_candidates: int,
    deadline: Deadline = NEVER,
) -> Floats:
    """Return weights of greedy selection with replacement, shape (m,).

    Parameters
    ----------
    reduced : array, shape (m, n, R)
        Reduced predictions of the library.
    scorer : MixtureScorer
        Scorer of the same n rows.
    scores : array, shape (m,)
        Score of each alone, the larger the better.
    n_choices : int
        Largest number of choices.
    n_candidates : int
        Only this many candidates, the best by score, are considered.
    deadline : Deadline
        When to give up.

    Raises
    ------
    TimeoutError
        The deadline has passed.
    """
    return _walk(reduced, scorer, scores, lambda k: 1.0 / k, n_choices, n_candidates, deadline)


def convex_stagewise(
    reduced: Floats,
    scorer: MixtureScorer,
    scores: Floats,
    *,
    shrinkage: float,
    n_stages: int,
    n_candidates: int,
    deadline: Deadline = NEVER,
) -> Floats:
    """Return weights of the shrunken convex stagewise ensemble, shape (m,).

    Each stage moves ``shrinkage`` of the weight to the candidate that improves the metric most.
    Parameters and errors as in `greedy_selection`.
    """
    return _walk(reduced, scorer, scores, lambda _: shrinkage, n_stages, n_candidates, deadline)


def _walk(
    reduced: Floats,
    scorer: MixtureScorer,
    scores: Floats,
    step: Callable[[int], float],
    n_choices: int,
    n_candidates: int,
    deadline: Deadline,
) -> Floats:
    """Walk on the simplex from the best single candidate; return the best weights on the way."""
    pool = np.argsort(-scores, kind="stable")[:n_candidates]
    weights = np.zeros(len(scores))
    weights[pool[0]] = 1.0
    mixture = reduced[pool[0]].copy()
    best_weights, best_score, idle = weights.copy(), scores[pool[0]], 0
    for k in range(2, n_choices + 1):
        deadline.check()
        share = step(k)
        tried = [
            scorer.score((1.0 - share) * mixture + share * reduced[position], None)
            for position in pool
        ]
        chosen = int(np.nanargmax(tried)) if not np.all(np.isnan(tried)) else 0
        mixture = (1.0 - share) * mixture + share * reduced[pool[chosen]]
        weights *= 1.0 - share
        weights[pool[chosen]] += share
        if tried[chosen] > best_score + 1e-9 * abs(best_score):
            best_weights, best_score, idle = weights.copy(), tried[chosen], 0
        else:
            idle += 1
            if idle >= PATIENCE:
                break
    return best_weights
