"""Networks whose matrices are products of two thinner ones, by singular value decomposition.

The best approximation of a matrix by one of rank r keeps its r largest singular values (Eckart and
Young 1936); of layers it was proposed by Denton et al. 2014, "Exploiting linear structure within
convolutional networks for efficient evaluation".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.families.mlp import Perceptron
from espalier.pipelines.learners.families.network import Array, Network

# Rows that show what the inputs of a layer are like.
_ROWS = 4_096
_RIDGE = 1e-4
# A matrix with less than this share of all weights stays whole: there is little to gain, and the
# first layer of a table of few columns has no rank to spare.
_WORTH = 0.25


@dataclass(slots=True)
class FactoredNetwork(Network):
    """A network of which some matrices are two, one after the other, without a bend between them.

    Attributes
    ----------
    straight : frozenset of int
        Layers after which there is no activation, besides the last.
    """

    straight: frozenset[int] = frozenset()

    def bends(self, layer: int) -> bool:
        """Whether an activation comes after a layer."""
        return layer < len(self.weights) - 1 and layer not in self.straight


def low_rank(model: Perceptron, share: float, X: NDArray[Any]) -> Perceptron:
    """Replace the matrices of a fitted network by products of thinner ones, in place.

    Not the matrices are approximated but what they make of the rows: the decomposition is that of
    a matrix times a root of the second moments of its inputs, and a layer's inputs are what the
    thinner layers before it give.

    Parameters
    ----------
    model : Perceptron
        Fitted.
    share : float
        Share of the full rank that is left, in (0, 1]. A matrix whose two factors would have more
        numbers than itself, or that is a small part of the network, stays as it is.
    X : array, shape (n_rows, n_columns)
        Training rows, without NaN.

    Returns
    -------
    Perceptron
        The same object.
    """
    network = model.network_
    weights: list[Array] = []
    biases: list[Array] = []
    straight: set[int] = set()
    worth = _WORTH * sum(each.size for each in network.weights)
    places = np.linspace(0, len(X) - 1, min(len(X), _ROWS)).astype(np.int64)
    hidden = np.asarray(X[places], dtype=np.float64) * network.scale
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        rank = max(1, round(share * min(weight.shape)))
        if weight.size >= worth and rank * sum(weight.shape) < weight.size:
            first, second = _factors(weight.astype(np.float64), hidden, rank)
            straight.add(len(weights))
            weights += [first.astype(np.float32), second.astype(np.float32)]
            biases.append(np.zeros(rank, dtype=np.float32))
            hidden = hidden @ first @ second + bias
        else:
            weights.append(weight)
            hidden = hidden @ weight + bias
        biases.append(bias)
        if network.bends(layer):
            np.maximum(hidden, 0, out=hidden)
    model.network_ = FactoredNetwork(network.scale, weights, biases, frozenset(straight))
    return model


def _factors(
    weight: NDArray[np.float64], inputs: NDArray[np.float64], rank: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the two matrices of this rank whose product changes ``inputs @ weight`` the least."""
    moments = inputs.T @ inputs / len(inputs)
    # Units that are always silent would leave the moments without a root.
    least = _RIDGE * max(float(np.trace(moments)) / len(moments), 1e-12)
    root = np.linalg.cholesky(moments + least * np.eye(len(moments)))
    left, values, right = np.linalg.svd(root.T @ weight, full_matrices=False)
    roots = np.sqrt(values[:rank])
    first = np.linalg.solve(root.T, left[:, :rank] * roots)
    return first, roots[:, None] * right[:rank]
