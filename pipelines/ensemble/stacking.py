"""A regularised linear stack in link space.

    minimise  loss(b + sum_j w_j L_j) + penalty / 2 * ||w - w0||^2,   w >= 0

with one weight per member, shared by all classes, and w0 the equal weights that sum to one: a
strong penalty gives the mean of the candidates in link space, a weak one the unpenalised stack.
Stacked generalisation with non-negative weights: Breiman 1996, "Stacked regressions".
"""

import numpy as np
from scipy.optimize import minimize

from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.losses import Loss
from espalier.pipelines.resources.budget import NEVER, Deadline

MAX_ITERATIONS = 30


def fit_stack(
    candidates: Floats, loss: Loss, *, penalty: float, deadline: Deadline = NEVER
) -> tuple[Floats, Floats]:
    """Return the weights, shape (m,), and the intercept, shape (C,), of the stack.

    Parameters
    ----------
    candidates : array, shape (m, n, C)
        Out-of-fold predictions in link space.
    loss : Loss
        Of the same n rows.
    penalty : float
        Strength of the pull towards equal weights.
    deadline : Deadline
        When to give up.

    Raises
    ------
    TimeoutError
        The deadline has passed.
    """
    n_candidates, n_rows, width = candidates.shape
    # Link values far from zero would correlate the intercept with the weights, so they are
    # centred on the constant, as in the stagewise path.
    constant = loss.start()
    directions = (candidates - constant).reshape(n_candidates, n_rows * width)
    equal = np.full(n_candidates, 1.0 / n_candidates)

    def objective(vector: Floats) -> tuple[float, Floats]:
        deadline.check()
        weights, shift = vector[:n_candidates], vector[n_candidates:]
        F = (weights @ directions).reshape(n_rows, width) + constant + shift * scale
        here = loss.at(F)
        residual = here.residual()
        pull = weights - equal
        value = here.value + 0.5 * penalty * float(pull @ pull)
        gradient = np.concatenate(
            [penalty * pull - directions @ residual.ravel(), -scale * residual.sum(axis=0)]
        )
        return value, gradient

    # The shift is measured in typical link units, so that one step length suits all variables.
    scale = float(np.sqrt(np.mean(directions**2))) or 1.0
    solution = minimize(
        objective,
        np.concatenate([equal, np.zeros(width)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * n_candidates + [(None, None)] * width,
        options={"maxiter": MAX_ITERATIONS},
    )
    weights = np.maximum(solution.x[:n_candidates], 0.0)
    intercept = constant * (1.0 - weights.sum()) + scale * solution.x[n_candidates:]
    return weights, np.asarray(intercept)
