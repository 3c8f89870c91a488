"""A stochastic policy over configurations, conditioned on the embedding of one of them.

Every option of every choice has an embedding vector, and so has every number. A configuration's
embedding z is the sum of those of its parts, scaled by the root of their number. The policy sees
the embedding of the best configuration so far, moves it, h = W z + w, and decodes a new
configuration from it, one head a hyperparameter: a softmax over the options of a choice, whose
logits are the products of their embeddings with h, and a Beta distribution of a number. At first W
is the identity: what the best configuration has is a little likelier than the rest.

What learns is everything: the embeddings, the move and a bias of every head.

Symbols: m rows; d coordinates of the encoding; c columns of choices; r numbers; e length of an
embedding; o = c + 2 r outputs (logits, then mean and concentration of each number).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, polygamma, psi

from espalier.pipelines.acquisition.relaxation import FamilySubspace
from espalier.pipelines.space.joint import SearchSpace

Array = NDArray[np.float64]

_LENGTH = 8
_STAY = 1.0
_LOGIT_BOUND = 12.0
_EDGE = 0.01  # a Beta's density is taken at least this far from its ends
_LOWEST_LOG, _HIGHEST_LOG = -1.0, 4.0  # of half the concentration of a Beta


@dataclass(slots=True)
class PolicyWeights:
    """What a policy learns; also the shape of its gradient.

    Attributes
    ----------
    bias : array, shape (o,)
    embedding : array, shape (o, e)
    move : array, shape (e, e)
    shift : array, shape (e,)
    """

    bias: Array
    embedding: Array
    move: Array
    shift: Array

    def arrays(self) -> list[Array]:
        """Return the arrays, always in the same order."""
        return [self.bias, self.embedding, self.move, self.shift]


@dataclass(frozen=True, slots=True)
class Heads:
    """The distributions at m rows.

    Attributes
    ----------
    z, h : array, shape (m, e)
        Embedding of the state, and where the policy moves it.
    probabilities : array, shape (m, c)
        Of the options, as if every choice were active.
    mean, concentration : array, shape (m, r)
        Of the Beta distributions.
    """

    z: Array
    h: Array
    outputs: Array
    probabilities: Array
    mean: Array
    concentration: Array


class PolicyNetwork:
    """The policy of one search space.

    Parameters
    ----------
    space : SearchSpace
        Where configurations come from.
    rng : Generator
        Draws the first embeddings.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        names = space.coordinates
        self.branches = [FamilySubspace(space, family) for family in space.families]
        is_choice = np.array(["=" in each for each in names])
        self.choices, self.numbers = np.flatnonzero(is_choice), np.flatnonzero(~is_choice)
        groups: dict[str, int] = {}
        group = [groups.setdefault(names[at].split("=", 1)[0], len(groups)) for at in self.choices]
        self.group = np.array(group)
        self._member = np.zeros((len(group), len(groups)))
        self._member[np.arange(len(group)), group] = 1.0
        self._column = {int(at): place for place, at in enumerate(self.choices)}
        self._number = {int(at): place for place, at in enumerate(self.numbers)}
        o = len(self.choices) + 2 * len(self.numbers)
        self.weights = PolicyWeights(
            np.zeros(o),
            rng.normal(0.0, 1.0 / np.sqrt(_LENGTH), (o, _LENGTH)),
            _STAY * np.eye(_LENGTH),
            np.zeros(_LENGTH),
        )
        # An embedding's own length, so that the number of hyperparameters does not matter.
        self._per_state = 1.0 / np.sqrt(max(len(groups) - 1, 1))

    def features(self, X: Array) -> Array:
        """Return which embeddings make up those of encoded configurations, shape (m, o)."""
        number = X[:, self.numbers]
        centred = np.where(number >= 0, number - 0.5, 0.0)
        chosen = np.maximum(X[:, self.choices], 0.0)
        return np.hstack([chosen, centred, np.zeros_like(centred)]) * self._per_state

    def heads(self, states: Array) -> Heads:
        """Return the distributions for these `features` of states, shape (m, o)."""
        weights = self.weights
        z = states @ weights.embedding
        h = z @ weights.move + weights.shift
        outputs = weights.bias + h @ weights.embedding.T
        c, r = len(self.choices), len(self.numbers)
        raised = np.exp(np.clip(outputs[:, :c], -_LOGIT_BOUND, _LOGIT_BOUND))
        probabilities = raised / (raised @ self._member)[:, self.group]
        mean = expit(outputs[:, c : c + r])
        log = np.clip(outputs[:, c + r :], _LOWEST_LOG, _HIGHEST_LOG)
        return Heads(z, h, outputs, probabilities, mean, 2.0 * np.exp(log))

    def log_probability(self, heads: Heads, X: Array) -> tuple[Array, Array]:
        """Return the log probability of configurations, (m,), and its slope in the outputs, (m, o).

        Hyperparameters that are inactive do not count, and options that the family does not have
        have no probability.
        """
        chosen, there = X[:, self.choices] > 0, X[:, self.choices] >= 0
        share = heads.probabilities * there
        total = share @ self._member
        share = share / np.where(total > 0, total, 1.0)[:, self.group]
        log = np.log(np.where(chosen, np.maximum(share, 1e-12), 1.0)).sum(axis=1)
        by_logit = chosen - share
        if not len(self.numbers):
            return log, by_logit
        active = X[:, self.numbers] >= 0
        u = np.clip(np.where(active, X[:, self.numbers], 0.5), _EDGE, 1.0 - _EDGE)
        a = heads.mean * heads.concentration
        b = heads.concentration - a
        density = (a - 1.0) * np.log(u) + (b - 1.0) * np.log1p(-u) - betaln(a, b)
        by_a = np.log(u) - psi(a) + psi(a + b)
        by_b = np.log1p(-u) - psi(b) + psi(a + b)
        log = log + np.where(active, density, 0.0).sum(axis=1)
        return log, np.hstack([by_logit, self._by_beta(heads, by_a, by_b, active)])

    def entropy_slope(self, heads: Heads, X: Array) -> Array:
        """Return the slope in the outputs of the entropy of the heads that are active, (m, o)."""
        there = X[:, self.choices] >= 0
        share = heads.probabilities * there
        log = np.log(np.maximum(heads.probabilities, 1e-12))
        minus_entropy = ((share * log) @ self._member)[:, self.group]
        by_logit = -share * (log - minus_entropy)
        if not len(self.numbers):
            return by_logit
        active = X[:, self.numbers] >= 0
        a = heads.mean * heads.concentration
        b = heads.concentration - a
        both = (a + b - 2.0) * polygamma(1, a + b)
        by_a = both - (a - 1.0) * polygamma(1, a)
        by_b = both - (b - 1.0) * polygamma(1, b)
        return np.hstack([by_logit, self._by_beta(heads, by_a, by_b, active)])

    def through(self, heads: Heads, X: Array, slope: Array) -> Array:
        """Return the slope in the outputs, (m, o), of a value with this slope in X, (m, d).

        An option that was drawn counts as if its probability had been put in (straight through,
        Bengio, Leonard and Courville 2013), a number as if the mean had moved.
        """
        there = X[:, self.choices] >= 0
        share = heads.probabilities * there
        by_choice = np.where(there, slope[:, self.choices], 0.0)
        expected = ((share * by_choice) @ self._member)[:, self.group]
        active = X[:, self.numbers] >= 0
        by_mean = np.where(active, slope[:, self.numbers] * heads.mean * (1.0 - heads.mean), 0.0)
        return np.hstack([share * (by_choice - expected), by_mean, np.zeros_like(by_mean)])

    def gradient(self, heads: Heads, states: Array, by_output: Array) -> list[Array]:
        """Return the gradient in the weights of a sum with this slope in the outputs, (m, o)."""
        c = len(self.choices)
        flat = np.abs(heads.outputs[:, :c]) > _LOGIT_BOUND
        by_output = by_output.copy()
        by_output[:, :c][flat] = 0.0
        by_h = by_output @ self.weights.embedding
        by_z = by_h @ self.weights.move.T
        return [
            by_output.sum(axis=0),
            by_output.T @ heads.h + states.T @ by_z,
            heads.z.T @ by_h,
            by_h.sum(axis=0),
        ]

    def draw(self, state: Array, n: int, rng: np.random.Generator) -> Array:
        """Return ``n`` encoded valid configurations drawn at one state, shape (n, d).

        Parameters
        ----------
        state : array, shape (1, o)
            Its `features`.
        """
        heads = self.heads(state)
        share = heads.probabilities[0]
        n_families = len(self.branches)
        family = rng.choice(n_families, n, p=share[:n_families] / share[:n_families].sum())
        a = heads.mean[0] * heads.concentration[0]
        b = heads.concentration[0] - a
        parts = []
        for place, branch in enumerate(self.branches):
            k = int((family == place).sum())
            if not k:
                continue
            choices = np.zeros((k, len(branch.choices)), dtype=np.int64)
            for which, columns in enumerate(branch.choices):
                own = share[[self._column[int(each)] for each in columns]]
                choices[:, which] = rng.choice(len(own), k, p=own / own.sum())
            own_numbers = [self._number[each.column] for each in branch.numbers]
            u = rng.beta(a[own_numbers], b[own_numbers], (k, len(own_numbers)))
            parts.append(branch.assemble(branch.rounded(u), choices))
        return np.asarray(rng.permutation(np.vstack(parts)))

    def _by_beta(self, heads: Heads, by_a: Array, by_b: Array, active: NDArray[np.bool_]) -> Array:
        """Return slopes in the outputs of numbers, (m, 2 r), from those in the Betas."""
        mean, size = heads.mean, heads.concentration
        by_mean = size * (by_a - by_b) * mean * (1.0 - mean)
        by_log = (mean * by_a + (1.0 - mean) * by_b) * size
        at = heads.outputs[:, len(self.choices) + len(self.numbers) :]
        moves = (at > _LOWEST_LOG) & (at < _HIGHEST_LOG)
        return np.hstack([np.where(active, by_mean, 0.0), np.where(active & moves, by_log, 0.0)])
