"""Gradient ascent on the inputs of an acquisition, by probabilistic reparameterisation.

Daulton et al., *Bayesian optimization over discrete and mixed spaces via probabilistic
reparameterization* (2022, arXiv:2210.10199): choices become probabilities, and what is maximised is
the acquisition's expectation over them, whose maximisers are those of the acquisition itself. The
predictor never sees a configuration that cannot exist. Numbers follow their gradient directly.

Symbols: s starts of one family; k combinations of choices evaluated for each; u numbers, theta
logits of the choices.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.acquisition.relaxation import FamilySubspace
from espalier.pipelines.learners.losses.network_losses import softmax

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_EXACT = 24  # combinations up to which the expectation is summed, not sampled
_SAMPLES = 12
_SURE = 0.7  # probability that a start gives to its own choices
_RATE_NUMBERS, _RATE_LOGITS = 0.06, 0.35
_DECAY_1, _DECAY_2 = 0.8, 0.95
_CUT = 4.0  # log-EI differences are cut at this


@dataclass(frozen=True, slots=True)
class AscentResult:
    """Encoded valid configurations with their acquisition values, best first.

    Attributes
    ----------
    points : array, shape (n, d)
        All different.
    values : array, shape (n,)
        Descending.
    """

    points: Array
    values: Array

    @classmethod
    def of(cls, points: Array, values: Array) -> "AscentResult":
        """Return points sorted by value, without duplicates."""
        _, first = np.unique(points.round(9), axis=0, return_index=True)
        first = np.sort(first)
        order = first[np.argsort(-values[first], kind="stable")]
        return cls(points[order], values[order])


def ascend(
    objective: Objective,
    branches: Sequence[FamilySubspace],
    starts: Array,
    *,
    steps: int,
    rng: np.random.Generator,
) -> AscentResult:
    """Maximise an objective by gradient ascent from ``starts``; return valid encoded points.

    Parameters
    ----------
    objective : Objective
        What to maximise.
    branches : sequence of FamilySubspace
        The families, in the order of the encoding.
    starts : array, shape (n, d)
        Encoded points to start from.
    steps : int
        Steps of Adam.
    rng : Generator
        Draws combinations of choices.
    """
    family = starts[:, : len(branches)].argmax(axis=1)
    climbs = [_Climb(branches[place], starts[family == place], rng) for place in np.unique(family)]
    for step in range(steps):
        _step(objective, climbs, 1.0 - step / (steps + 1))
    points = np.vstack([climb.rounded() for climb in climbs])
    return AscentResult.of(points, objective.value(points))


def polish(
    objective: Objective,
    branches: Sequence[FamilySubspace],
    found: AscentResult,
    *,
    climbers: int,
    rounds: int,
) -> AscentResult:
    """Improve the best points by local search over neighbours; return all evaluated points.

    Parameters
    ----------
    climbers : int
        Number of points to start local searches from.
    rounds : int
        Most moves of each local search.
    """
    points, values = [found.points], [found.values]
    tops = found.points[:climbers]
    heights = found.values[:climbers]
    for _ in range(rounds):
        around = [_neighbours(branches, top) for top in tops]
        height = objective.value(np.vstack(around))
        points.append(np.vstack(around))
        values.append(height)
        sizes = np.cumsum([len(each) for each in around])[:-1]
        better = [
            (part[part_height.argmax()], part_height.max())
            for part, part_height, before in zip(
                around, np.split(height, sizes), heights, strict=True
            )
            if part_height.max() > before + 1e-9
        ]
        if not better:
            break
        tops = np.array([point for point, _ in better])
        heights = np.array([value for _, value in better])
    return AscentResult.of(np.vstack(points), np.concatenate(values))


def _neighbours(branches: Sequence[FamilySubspace], point: Array) -> Array:
    branch = branches[int(point[: len(branches)].argmax())]
    u, c = branch.disassemble(point[None, :])
    return branch.assemble(*branch.around(u[0], c[0]))


class _Climb:
    """State of the gradient ascent from several starts of one family.

    Parameters
    ----------
    branch : FamilySubspace
        The family.
    starts : array, shape (s, d)
        Encoded points.
    rng : Generator
        Draws combinations of choices.
    """

    def __init__(self, branch: FamilySubspace, starts: Array, rng: np.random.Generator) -> None:
        self.branch = branch
        self.u, c = branch.disassemble(starts)
        self.theta = [
            _logits(c[:, which], options) for which, options in enumerate(branch.n_options)
        ]
        self._rng = rng
        self._exact = branch.combinations() if branch.n_combinations <= _EXACT else None
        self._adam_u = _Adam(_RATE_NUMBERS)
        self._adam_theta = [_Adam(_RATE_LOGITS) for _ in self.theta]

    def look(self) -> Array:
        """Return the points to evaluate the acquisition at, shape (s * k, d)."""
        s = len(self.u)
        self._probabilities = [softmax(each) for each in self.theta]
        if self._exact is not None:
            self._c = np.broadcast_to(self._exact, (s, *self._exact.shape))
        else:
            self._c = self._drawn()
        k = self._c.shape[1]
        self.n_points = s * k
        u = np.repeat(self.u, k, axis=0)
        return self.branch.assemble(u, self._c.reshape(s * k, -1))

    def move(self, values: Array, gradient: Array, rate: float) -> None:
        """Take one step, given values (s * k,) and gradients (s * k, d) at the points of `look`."""
        s, k = self._c.shape[:2]
        weight = self._weights()
        height = values.reshape(s, k)
        if self.branch.numbers:
            columns = [number.column for number in self.branch.numbers]
            # The log-EI may be steep where there is no hope; Adam makes the size irrelevant.
            slope = gradient[:, columns].reshape(s, k, -1)
            self.u = np.clip(
                self.u + rate * self._adam_u((weight[:, :, None] * slope).sum(axis=1)), 0.0, 1.0
            )
        # With the mean as baseline the estimate of the gradient in the logits varies least.
        gain = np.clip(height - (weight * height).sum(axis=1)[:, None], -_CUT, _CUT) * weight
        for which, probability in enumerate(self._probabilities):
            is_option = self._c[:, :, which, None] == np.arange(probability.shape[1])
            slope = (gain[:, :, None] * (is_option - probability[:, None, :])).sum(axis=1)
            self.theta[which] = self.theta[which] + rate * self._adam_theta[which](slope)

    def rounded(self) -> Array:
        """Return the current points with numbers rounded and the likeliest choices, (s, d)."""
        c = np.zeros((len(self.u), len(self.theta)), dtype=np.int64)
        for which, theta in enumerate(self.theta):
            c[:, which] = theta.argmax(axis=1)
        return self.branch.assemble(self.branch.rounded(self.u), c)

    def _drawn(self) -> Indices:
        """Return combinations drawn from the probabilities, shape (s, k, n_choices)."""
        s = len(self.u)
        c = np.empty((s, _SAMPLES, len(self.theta)), dtype=np.int64)
        for which, probability in enumerate(self._probabilities):
            # Stratified draws: each option comes up as often as its probability says.
            places = (np.arange(_SAMPLES) + self._rng.random((s, _SAMPLES))) / _SAMPLES
            places = self._rng.permuted(places, axis=1)
            above = probability.cumsum(axis=1)[:, None, :-1]
            c[:, :, which] = (places[:, :, None] > above).sum(axis=2)
        return c

    def _weights(self) -> Array:
        """Return the weight of each combination in the expectation, shape (s, k)."""
        s, k = self._c.shape[:2]
        if self._exact is None:
            return np.full((s, k), 1.0 / k)
        weight = np.ones((s, k))
        for which, probability in enumerate(self._probabilities):
            weight *= probability[:, self._exact[:, which]]
        return weight


class _Adam:
    """Steps of the Adam optimiser (Kingma and Ba 2015), for ascent."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._steps = 0
        self._first: Array | float = 0.0
        self._second: Array | float = 0.0

    def __call__(self, gradient: Array) -> Array:
        self._steps += 1
        self._first = _DECAY_1 * self._first + (1 - _DECAY_1) * gradient
        self._second = _DECAY_2 * self._second + (1 - _DECAY_2) * gradient**2
        first = self._first / (1 - _DECAY_1**self._steps)
        second = self._second / (1 - _DECAY_2**self._steps)
        return self._rate * first / (np.sqrt(second) + 1e-12)


def _step(objective: Objective, climbs: Sequence[_Climb], rate: float) -> None:
    """Move all climbs by one step, with a single call of the predictor."""
    X = np.vstack([climb.look() for climb in climbs])
    values, gradient = objective.value_and_gradient(X)
    start = 0
    for climb in climbs:
        stop = start + climb.n_points
        climb.move(values[start:stop], gradient[start:stop], rate)
        start = stop


def _logits(chosen: Indices, options: int) -> Array:
    """Return logits that give ``chosen`` the probability `_SURE`, shape (s, options)."""
    theta = np.zeros((len(chosen), options))
    if options > 1:
        theta[np.arange(len(chosen)), chosen] = np.log(_SURE * (options - 1) / (1 - _SURE))
    return theta
