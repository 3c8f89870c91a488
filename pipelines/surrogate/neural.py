"""An ensemble of small networks over meta-features and configuration, with gradients.

Deep ensembles (Lakshminarayanan, Pritzel and Blundell 2017) of multilayer perceptrons in NumPy, all
trained side by side, trained on normal scores of ranks within a dataset (Salinas, Shen and Perrone
2020), each on its own bootstrap: of datasets where there are several, of trials otherwise.

Symbols: e networks; n trials; q inputs; h units of a layer; z inputs of a network; a activations.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from espalier.pipelines.learners.families.network import Adam
from espalier.pipelines.surrogate.kernel import Embedding, squared_distances

Array = NDArray[np.float64]

_RATE, _DECAY, _BETA_2 = 0.02, 1e-3, 0.99
_FLOOR = 0.02  # as for a forest: the next trial's score is never certain
_REACH = 0.3  # distance over which a believed point reduces uncertainty


@dataclass(frozen=True, slots=True)
class _Weights:
    """Weights of all networks; biases are the last row of each."""

    first: Array  # (e, q + 1, h)
    second: Array  # (e, h + 1, h)
    last: Array  # (e, h + 1)


class NeuralPredictor:
    """Predicts normal scores by an ensemble of small networks.

    Parameters
    ----------
    embedding : Embedding
        The geometry of the space; its coordinates are the networks' inputs.
    seed : int
        Seed of weights and bootstraps.
    meta : array or None, shape (n_meta,)
        Standardised meta-features of the dataset to predict for; None to use none.
    n_networks, width, steps : int
        Size of the ensemble, units of both hidden layers, full-batch steps of Adam.
    """

    def __init__(
        self,
        embedding: Embedding,
        *,
        seed: int,
        meta: Array | None = None,
        n_networks: int = 5,
        width: int = 32,
        steps: int = 120,
    ) -> None:
        self._embedding = embedding
        self._seed = seed
        self._meta = np.zeros(0) if meta is None else np.asarray(meta, dtype=np.float64)
        self._n_networks = n_networks
        self._width = width
        self._steps = steps
        self._believed: Array | None = None

    def fit(
        self,
        X: Array,
        y: Array,
        *,
        meta: Array | None = None,
        dataset: NDArray[np.int64] | None = None,
    ) -> Self:
        """Learn from trials.

        Parameters
        ----------
        X : array, shape (n, d)
            Encoded configurations.
        y : array, shape (n,)
            Normal scores of the ranks within each dataset.
        meta : array or None, shape (n, n_meta)
            Meta-features of each trial's dataset; None: those of the dataset to predict for.
        dataset : array or None, shape (n,)
            Number of each trial's dataset, for the bootstrap; None for trials of one.
        """
        z = self._inputs(X, meta)
        rng = np.random.default_rng(self._seed)
        groups = (
            np.arange(len(y)) if dataset is None else np.unique(dataset, return_inverse=True)[1]
        )
        draws = rng.poisson(1.0, (self._n_networks, groups.max() + 1)).astype(np.float64)
        bag = draws[:, groups] + 1e-3  # (e, n)
        bag /= bag.sum(axis=1, keepdims=True)
        e, h, q = self._n_networks, self._width, z.shape[1]
        weights = _Weights(
            rng.normal(0.0, 1.0, (e, q + 1, h)) / np.sqrt(1 + (z**2).sum(axis=1).mean()),
            rng.normal(0.0, 1.0, (e, h + 1, h)) / np.sqrt(h),
            rng.normal(0.0, 1.0, (e, h + 1)) / np.sqrt(h),
        )
        optimiser = Adam((weights.first, weights.second, weights.last), _DECAY, _BETA_2)
        for step in range(self._steps):
            rate = _RATE * (1.0 - step / self._steps)
            optimiser.step(_loss_slopes(weights, z, y, bag), rate)
        self._weights = weights
        self._believed = None
        return self

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation, both of shape (n,)."""
        outputs = _forward(self._weights, self._inputs(X, None))[-1]
        left, _ = self._left(X)
        return outputs.mean(axis=0), np.sqrt(outputs.var(axis=0) * left + _FLOOR**2)

    def predict_gradient(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Return mean and deviation, shape (n,), and their gradients in X, shape (n, d)."""
        weights, z = self._weights, self._inputs(X, None)
        u, _, v, _, outputs = _forward(weights, z)
        mean, variance = outputs.mean(axis=0), outputs.var(axis=0)
        by_b = _silu_slope(v) * weights.last[:, None, :-1]
        by_a = by_b @ weights.second[:, :-1].transpose(0, 2, 1)
        by_z = (_silu_slope(u) * by_a) @ weights.first[:, :-1].transpose(0, 2, 1)  # (e, n, q)
        n_places = z.shape[1] - len(self._meta)
        by_place = by_z[:, :, :n_places]
        d_variance = 2.0 * ((outputs - mean)[:, :, None] * by_place).mean(axis=0)
        left, d_left = self._left(X)
        deviation = np.sqrt(variance * left + _FLOOR**2)
        d_square = d_variance * left[:, None] + variance[:, None] * d_left
        back = self._embedding.pull_back
        return (
            mean,
            deviation,
            back(X, by_place.mean(axis=0)),
            back(X, d_square / (2.0 * deviation[:, None])),
        )

    def believe(self, X: Array) -> "NeuralPredictor":
        """Return the predictor conditioned on its own mean at ``X``, shape (m, d)."""
        believing = NeuralPredictor.__new__(NeuralPredictor)
        believing.__dict__.update(self.__dict__)
        fresh = self._embedding(X)
        old = self._believed
        believing._believed = fresh if old is None else np.vstack([old, fresh])
        return believing

    def _inputs(self, X: Array, meta: Array | None) -> Array:
        """Return the networks' inputs, shape (n, q)."""
        own = np.broadcast_to(self._meta, (len(X), len(self._meta))) if meta is None else meta
        return np.hstack([self._embedding(X), own])

    def _left(self, X: Array) -> tuple[Array, Array]:
        """Return the share of variance left by conditioning, (n,), and its slope, (n, p)."""
        places = self._embedding(X)
        if self._believed is None:
            return np.ones(len(X)), np.zeros_like(places)
        near = np.exp(-squared_distances(places, self._believed) / (2.0 * _REACH**2))
        near = np.minimum(near, 1.0 - 1e-6)
        left = np.prod(1.0 - near, axis=1)
        pull = near / (1.0 - near)
        offset = pull.sum(axis=1)[:, None] * places - pull @ self._believed
        return left, left[:, None] * offset / _REACH**2


def _forward(weights: _Weights, z: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return both layers before and after activation, (e, n, h), and the outputs, (e, n)."""
    u = z @ weights.first[:, :-1] + weights.first[:, -1:]
    a = u * expit(u)
    v = a @ weights.second[:, :-1] + weights.second[:, -1:]
    b = v * expit(v)
    outputs = (b * weights.last[:, None, :-1]).sum(axis=2) + weights.last[:, -1:]
    return u, a, v, b, outputs


def _silu_slope(x: Array) -> Array:
    gate = expit(x)
    return np.asarray(gate * (1.0 + x * (1.0 - gate)))


def _loss_slopes(weights: _Weights, z: Array, y: Array, bag: Array) -> tuple[Array, Array, Array]:
    """Return the slopes of the weighted squared error in the weights."""
    u, a, v, b, outputs = _forward(weights, z)
    by_output = 2.0 * bag * (outputs - y)
    by_last = np.concatenate(
        [(by_output[:, :, None] * b).sum(axis=1), by_output.sum(axis=1, keepdims=True)], axis=1
    )
    by_v = by_output[:, :, None] * weights.last[:, None, :-1] * _silu_slope(v)
    by_second = np.concatenate(
        [a.transpose(0, 2, 1) @ by_v, by_v.sum(axis=1, keepdims=True)], axis=1
    )
    by_u = (by_v @ weights.second[:, :-1].transpose(0, 2, 1)) * _silu_slope(u)
    by_first = np.concatenate([z.T @ by_u, by_u.sum(axis=1, keepdims=True)], axis=1)
    return by_first, by_second, by_last
