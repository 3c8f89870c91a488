"""Estimate the noise of scores from how much the folds' rankings disagree."""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.surrogate.targets import normal_scores

_GUESS = 0.05
_ENOUGH = 4


def fold_noise(scores: NDArray[np.float64]) -> float:
    """Return the noise variance of a mean score, in units of the normal scores' variance.

    Every fold ranks the trials by itself; where the folds agree there is no noise, however
    different they are in difficulty.

    Parameters
    ----------
    scores : array, shape (n_trials, n_folds)
        Larger is better; a trial without scores has NaN.
    """
    known = scores[np.isfinite(scores).all(axis=1)]
    n_folds = scores.shape[1]
    if len(known) < _ENOUGH or n_folds < 2:
        return _GUESS
    ranked = np.stack([normal_scores(fold) for fold in known.T], axis=1)
    return float(np.clip(ranked.var(axis=1, ddof=1).mean() / n_folds, 1e-3, 1.0))
