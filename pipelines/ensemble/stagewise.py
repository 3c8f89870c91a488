"""Shrunken forward-stagewise ensemble on out-of-fold predictions.

    F(0) = the best constant
    F(t) = F(t-1) + a * step(t) * h(t)

At stage t the pseudo-residual (negative gradient of the loss) is taken at F(t-1), the candidate
that decreases the loss most along its own exact line search is found, and added scaled by the
shrinkage a. Weights never fall below zero. Small steps on a fixed library trace the same path as
an L1 penalty (Efron, Hastie, Johnstone, Tibshirani 2004, "Least angle regression"; Friedman 2001,
"Greedy function approximation"), and the number of stages, chosen on rows the path was not
fitted to, is the penalty's strength.

Symbols as in `espalier.pipelines.ensemble.combination`; directions are candidates less the
constant, so that weights of sum one give a mean of the candidates and weights of zero the constant.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.losses import Loss
from espalier.pipelines.resources.budget import NEVER, Deadline

NEWTON_STEPS = 6
# At every stage, the decrease of the loss is estimated for this many of the steepest directions.
SCREENED = 4
# A stage that gains less than this share of the starting loss ends the path.
SMALLEST_GAIN = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class StagewisePath:
    """The weights after every stage.

    Attributes
    ----------
    start : array, shape (C,)
        The constant F(0) in link space.
    weights : array, shape (stages + 1, m)
        Row t holds the weights after t stages; row 0 is zero.
    losses : array, shape (stages + 1,)
        Loss on the fitting rows after each stage; it never rises.
    """

    start: Floats
    weights: Floats
    losses: Floats

    def __len__(self) -> int:
        return len(self.weights) - 1

    def intercept(self, stage: int) -> Floats:
        """Return the constant to add to the weighted candidates at ``stage``, shape (C,)."""
        return np.asarray(self.start * (1.0 - self.weights[stage].sum()))


def stagewise_path(
    candidates: Floats,
    loss: Loss,
    *,
    shrinkage: float,
    max_stages: int,
    start: Floats | None = None,
    deadline: Deadline = NEVER,
) -> StagewisePath:
    """Compute the path of the stagewise ensemble on one set of rows.

    Parameters
    ----------
    candidates : array, shape (m, n, C)
        Out-of-fold predictions in link space.
    loss : Loss
        Of the same n rows.
    shrinkage : float
        Share of the exact line-search step that is taken, in (0, 1].
    max_stages : int
        Largest number of stages; the path ends earlier when no candidate decreases the loss.
    start : array or None, shape (C,)
        The constant to start from; None for the one with the lowest loss.
    deadline : Deadline
        When to give up.

    Raises
    ------
    TimeoutError
        The deadline has passed.
    """
    n_candidates, n_rows, width = candidates.shape
    constant = loss.start() if start is None else start
    directions = candidates - constant
    flat = directions.reshape(n_candidates, n_rows * width)
    # Slopes are divided by lengths, so that a candidate of small predictions is not overlooked.
    lengths = np.sqrt(np.einsum("ij,ij->i", flat, flat)) + 1e-12
    F = np.tile(constant, (n_rows, 1))
    weights = np.zeros(n_candidates)
    history = [weights.copy()]
    here = loss.at(F)
    losses = [here.value]
    smallest = SMALLEST_GAIN * max(losses[0], 1e-12)
    for _ in range(max_stages):
        deadline.check()
        steepest = _steepest((flat @ here.residual().ravel()) / lengths)
        if not steepest:
            break
        slopes, curvatures = here.along(directions[steepest])
        # Decrease of the loss along each direction, to second order.
        falls = slopes**2 / np.maximum(curvatures, 1e-12)
        found = int(np.argmax(falls))
        position = steepest[found]
        direction = directions[position]
        known = (float(slopes[found]), float(curvatures[found]))
        step = shrinkage * _line_search(loss, F, direction, known)
        F = F + step * direction
        here = loss.at(F)
        if losses[-1] - here.value <= smallest:
            break
        weights[position] += step
        history.append(weights.copy())
        losses.append(here.value)
    return StagewisePath(start=constant, weights=np.stack(history), losses=np.asarray(losses))


def _steepest(slopes: Floats) -> list[int]:
    """Return the positions of the largest positive slopes; of equal slopes only the first."""
    found: list[int] = []
    for position in np.argsort(-slopes, kind="stable"):
        if len(found) == SCREENED or not slopes[position] > 0:
            break
        if not found or slopes[position] < slopes[found[-1]] * (1.0 - 1e-12):
            found.append(int(position))
    return found


def _line_search(loss: Loss, F: Floats, direction: Floats, known: tuple[float, float]) -> float:
    """Return the step along ``direction`` that decreases the loss most, within [0, 2].

    ``known`` holds the rate of decrease and the curvature at the start.
    """
    step, low, high = 0.0, 0.0, 2.0
    slope, curvature = known
    for _ in range(NEWTON_STEPS):
        if curvature <= 1e-15:
            break
        # Newton overshoots where the loss is nearly flat; a member never needs a weight above 2.
        change = float(np.clip(slope / curvature, -0.5, 0.5))
        low, high = (step, high) if slope > 0 else (low, step)
        tried = float(np.clip(step + change, 0.0, 2.0))
        # A step to the end of the interval can make Newton's method cycle; bisect instead.
        circles = tried in (low, high) and tried < 2.0 and abs(tried - step) >= 0.1
        if circles or not low <= tried <= high:
            tried = 0.5 * (low + high)
        change, step = tried - step, tried
        # Newton's error falls with the square of its change, and the step is shrunk afterwards.
        if abs(change) < 0.1:
            break
        slopes, curvatures = loss.along(F + step * direction, direction[None])
        slope, curvature = float(slopes[0]), float(curvatures[0])
    return step


def choose_stages(
    candidates: Floats,
    make_part_loss: Callable[[NDArray[np.int64]], Loss],
    blocks: NDArray[np.int64],
    *,
    shrinkage: float,
    max_stages: int,
    n_checks: int,
    deadline: Deadline = NEVER,
) -> int:
    """Return the number of stages with the lowest loss on rows the path was not fitted to.

    Parameters
    ----------
    candidates : array, shape (m, n, C)
        Out-of-fold predictions in link space.
    make_part_loss : callable (rows) -> Loss
        The loss of these row positions.
    blocks : array of int, shape (n,)
        Block number of each row. Each of the first ``n_checks`` blocks is left out in turn.
    shrinkage : float
        As in `stagewise_path`.
    max_stages : int
        Largest number of stages.
    n_checks : int
        Number of blocks to leave out in turn; fewer is quicker.
    deadline : Deadline
        When to give up, with a `TimeoutError`.
    """
    curves = []
    for block in range(n_checks):
        fit_rows = np.flatnonzero(blocks != block)
        check_rows = np.flatnonzero(blocks == block)
        path = stagewise_path(
            candidates[:, fit_rows],
            make_part_loss(fit_rows),
            shrinkage=shrinkage,
            max_stages=max_stages,
            deadline=deadline,
        )
        loss = make_part_loss(check_rows)
        part = candidates[:, check_rows]
        added = (path.weights @ part.reshape(len(part), -1)).reshape(-1, *part.shape[1:])
        curve = np.asarray([loss.value(path.intercept(stage) + F) for stage, F in enumerate(added)])
        # A path that ended early stays where it ended.
        curves.append(np.pad(curve, (0, max_stages - len(path)), mode="edge"))
    return max(1, int(np.argmin(np.mean(curves, axis=0))))
