"""The mean of several combiners, in link space.

Each combiner errs in its own way on the rows that it was fitted to: the stagewise path starts from
nothing and stops early, the linear stack starts from equal weights and goes to the optimum, greedy
selection looks at the metric alone and never scales. Their mean shrinks one towards the others, as
averaging the solutions of unstable procedures does (Breiman 1996, *Heuristics of instability and
stabilization in model selection*).
"""

from collections.abc import Sequence

import numpy as np

from espalier.pipelines.ensemble.combination import Combination, CombinationSpace


def blend(rules: Sequence[Combination], *, width: int) -> Combination:
    """Return the combination whose weights are the mean of those of ``rules``.

    Weights of a mean of probabilities are taken for weights in link space, where they give about
    the same: both are means between the same members.

    Parameters
    ----------
    rules : sequence of Combination
        Over the same candidates.
    width : int
        Columns in link space, C.
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
