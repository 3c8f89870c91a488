"""Blend several combiners: the mean of their weights, in link space.

Each combiner errs in its own way on the rows that it is fitted to: the stagewise path starts from
zero weights and stops early, the linear stack starts from equal weights and goes to the optimum,
greedy selection optimises the metric itself and never rescales. Their mean shrinks each towards the
others, as averaging the solutions of unstable procedures does (Breiman 1996, *Heuristics of
instability and stabilization in model selection*).
"""

from collections.abc import Sequence

import numpy as np

from espalier.pipelines.ensemble.combination import Combination, CombinationSpace


def blend(rules: Sequence[Combination], *, width: int) -> Combination:
    """Return the combination whose weights are the mean of those of ``rules``.

    The weights of a combination in probability space are used as weights in link space; the
    predictions stay about the same, since both are means of the same members.

    Parameters
    ----------
    rules : sequence of Combination
        Combinations of the same candidates.
    width : int
        Number of columns in link space, C.
    """
    weights, intercepts = [], []
    for rule in rules:
        in_link = rule.space is CombinationSpace.LINK
        own = np.asarray(rule.weights)
        weights.append(own if in_link else own / own.sum())
        intercepts.append(np.asarray(rule.intercept) if in_link else np.zeros(width))
    return Combination(
        problem=rules[0].problem,
        space=CombinationSpace.LINK,
        weights=tuple(np.mean(weights, axis=0).tolist()),
        intercept=tuple(np.mean(intercepts, axis=0).tolist()),
        floor=rules[0].floor,
    )
