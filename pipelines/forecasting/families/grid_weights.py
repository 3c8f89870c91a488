"""Weigh the points of a grid of parameters, for every series, by how well they fit it.

Optimising parameters series by series is slow and, for short series, mostly fits noise. Here a
recursion runs over all series and all points of one grid at once, and a series' forecast is the
mean over the points, weighted by their posterior probability: the Gaussian likelihood with the
scale integrated out, times a prior. The prior is empirical Bayes: the share of all series that a
point explains (Robbins 1956), so that a series of seven values borrows from the others what a
series of hundreds tells by itself.

Symbols: n series, K points of the grid.
"""

import numpy as np

from espalier.pipelines.forecasting.panel import Floats, Ints

# Errors below this share of a series' variation are rounding.
_SMALLEST = 1e-10
_ROUNDS = 12


def log_likelihood(squares: Floats, lengths: Ints, n_parameters: Floats, total: Floats) -> Floats:
    """Return the log likelihood of each point for each series, shape (n, K).

    Parameters
    ----------
    squares : array, shape (n, K)
        Sums of squared one-step errors; not finite where a recursion ran away.
    lengths : array, shape (n,)
        Number of errors.
    n_parameters : array, shape (K,)
        Free parameters of the point's model, of which each costs a degree of freedom and, as in
        the corrected Akaike criterion, half a point and more.
    total : array, shape (n,)
        Squared variation of each series, against which rounding errors are told.
    """
    n = lengths[:, None].astype(float)
    floor = (_SMALLEST * total + 1e-300)[:, None]
    safe = np.where(np.isfinite(squares), np.maximum(squares, floor), np.inf)
    free = np.maximum(n - n_parameters - 1.0, 0.5)
    return np.asarray(-0.5 * n * np.log(safe) - n_parameters * n / (n + free) - n_parameters / 2)


def empirical_prior(scores: Floats) -> Floats:
    """Return log prior probabilities of the points from many series, shape (K,).

    A few rounds of expectation maximisation, started from equal shares; with a pseudo-count of one
    series, so that no point is ruled out by a few.
    """
    n, k = scores.shape
    prior = np.full(k, 1.0 / k)
    for _ in range(_ROUNDS):
        shares = posterior(scores, np.log(prior))
        prior = (shares.sum(axis=0) + 1.0 / k) / (n + 1.0)
    return np.log(prior)


def posterior(scores: Floats, log_prior: Floats) -> Floats:
    """Return each series' probabilities of the points, shape (n, K); rows sum to 1."""
    logits = scores + log_prior
    top = logits.max(axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    powers = np.exp(np.minimum(logits - top, 0.0))
    powers = np.where(np.isfinite(powers), powers, 0.0)
    totals = powers.sum(axis=1, keepdims=True)
    return np.where(totals > 0, powers / np.maximum(totals, 1e-300), 1.0 / scores.shape[1])
