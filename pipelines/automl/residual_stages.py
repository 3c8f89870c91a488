"""Add regressors of the residual to an ensemble in stages, each accepted only if it helps.

    F(0) = the ensemble in link space, out of fold
    F(t) = F(t-1) + a * step(t) * h(t)

h(t) is a regressor of the pseudo-residual of F(0), which is predicted out of fold with the
ensemble's own folds: fitted to training errors, it would learn those (Breiman 1996, "Stacked
regressions"; Friedman 2001 for the stages). Strong ensembles leave little but noise, so each stage
is tested: regressor and step are chosen on nine tenths of the rows and scored on the rest, in turn,
and the mean fall of the loss must exceed its standard error.

Symbols as in `espalier.pipelines.ensemble.combination`; one column in link space (C = 1), so binary
problems and regressions alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.losses import Loss

SHRINKAGE = 0.5
MAX_STAGES = 3
BLOCKS = 10
# Standard errors that the loss must fall by.
SURE = 1.0

PartLoss = Callable[[NDArray[np.int64]], Loss]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualStages:
    """The accepted stages.

    Attributes
    ----------
    chosen : tuple of (int, float)
        Position of the candidate and factor of its predictions, for each stage.
    nested : array, shape (n, 1)
        Link values of each row after the stages, chosen without that row.
    gains : tuple of (float, float)
        Mean fall of the loss and its standard error for each stage that was tried; the last one
        was rejected, unless there are `MAX_STAGES`.
    """

    chosen: tuple[tuple[int, float], ...]
    nested: Floats
    gains: tuple[tuple[float, float], ...]


def pseudo_residual(loss: Loss, F: Floats, sample_weight: NDArray[Any] | None) -> Floats:
    """Return the negative gradient of each row's loss, shape (n,), with standard deviation 1.

    Parameters
    ----------
    loss : Loss
        Loss of the n rows.
    F : array, shape (n, 1)
        Link values.
    sample_weight : array or None, shape (n,)
        Row weights of the loss; a row of weight 0 has residual 0.
    """
    gradient = loss.residual(F)[:, 0]
    if sample_weight is not None:
        weight = np.asarray(sample_weight, dtype=np.float64)
        gradient = np.divide(gradient, weight, out=np.zeros_like(gradient), where=weight > 0)
    spread = float(gradient.std())
    return gradient / spread if spread > 0 else np.zeros_like(gradient)


def residual_stages(
    F: Floats,
    candidates: Floats,
    loss_of: PartLoss,
    blocks: NDArray[np.int64],
    *,
    shrinkage: float = SHRINKAGE,
    max_stages: int = MAX_STAGES,
) -> ResidualStages:
    """Return the stages that lower the loss of rows they were not chosen on.

    Parameters
    ----------
    F : array, shape (n, 1)
        Link values of the ensemble, each by weights fitted without that row.
    candidates : array, shape (m, n)
        Out-of-fold predictions of the residual, one row per candidate.
    loss_of : callable (rows) -> Loss
        Returns the loss of the rows at these positions.
    blocks : array of int, shape (n,)
        Block of each row; the blocks are left out in turn.
    shrinkage : float
        Share of the exact line-search step that is taken.
    max_stages : int
        Maximum number of stages.
    """
    everything = np.arange(len(F))
    whole, nested = F.copy(), F.copy()
    chosen: list[tuple[int, float]] = []
    gains: list[tuple[float, float]] = []
    while len(candidates) and len(chosen) < max_stages:
        tried, falls = nested.copy(), []
        for block in np.unique(blocks):
            fit, check = np.flatnonzero(blocks != block), np.flatnonzero(blocks == block)
            position, step = _best(candidates[:, fit], nested[fit], loss_of(fit))
            tried[check, 0] += shrinkage * step * candidates[position, check]
            part = loss_of(check)
            falls.append(part.value(nested[check]) - part.value(tried[check]))
        error = float(np.std(falls, ddof=1) / np.sqrt(len(falls)))
        gains.append((float(np.mean(falls)), error))
        position, step = _best(candidates, whole, loss_of(everything))
        if not (np.mean(falls) > SURE * error and step > 0):
            break
        nested = tried
        whole = whole + shrinkage * step * candidates[position][:, None]
        chosen.append((position, shrinkage * step))
    return ResidualStages(chosen=tuple(chosen), nested=nested, gains=tuple(gains))


def _best(candidates: Floats, F: Floats, loss: Loss) -> tuple[int, float]:
    """Return the candidate whose line search lowers the loss most, and its step.

    Returns (0, 0) if none lowers it. Steps are Newton steps, halved while the loss does not fall:
    exact for squared error.
    """
    directions = candidates[:, :, None]
    here = loss.at(F)
    before = here.value
    slopes, curvatures = here.along(directions)
    best, best_step, best_value = 0, 0.0, before
    for position in range(len(candidates)):
        if not (slopes[position] > 0 and curvatures[position] > 1e-15):
            continue
        step = float(slopes[position] / curvatures[position])
        for _ in range(5):
            value = loss.value(F + step * directions[position])
            if value < before:
                break
            step *= 0.5
        else:
            continue
        if value < best_value:
            best, best_step, best_value = position, step, value
    return best, best_step
