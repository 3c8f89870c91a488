"""A forest of randomised trees as performance predictor, uncertain where its trees disagree.

Hutter, Hoos and Leyton-Brown, "Sequential model-based optimization for general algorithm
configuration" (LION 2011), for the forest and its variance; Geurts, Ernst and Wehenkel, "Extremely
randomized trees" (2006), for random thresholds, which make the mean smooth between few
observations. Each tree sees a bootstrap sample (Breiman, 2001).
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import ExtraTreeRegressor

from espalier.pipelines.seeds import generator

# A tree is certain at a point that it has seen. The score of the next trial there is not, and a
# deviation of 0 would make the expected improvement exactly 0.
_SMALLEST_STD = 0.02


class ForestPredictor:
    """Predicts gains by a few dozen extremely randomised trees.

    The trees are fitted and evaluated one by one: a scikit-learn forest spends far longer on
    dispatch and validation than on the few hundred rows there are.

    Parameters
    ----------
    seed : int
        Seed of the trees.
    n_trees : int
        Number of trees.
    """

    def __init__(self, seed: int, n_trees: int = 24) -> None:
        self._seed = seed
        self._n_trees = n_trees
        self._trees: list[Any] = []

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        """Learn from encoded configurations, shape (n, d), and their gains, shape (n,)."""
        rows = np.ascontiguousarray(X, dtype=np.float32)
        gains = np.ascontiguousarray(y, dtype=np.float64).reshape(-1, 1)
        self._trees = []
        for number in range(self._n_trees):
            rng = generator(self._seed, "tree", number)
            drawn = rng.integers(len(rows), size=len(rows))
            tree = ExtraTreeRegressor(
                max_features=0.8, min_samples_split=3, random_state=int(rng.integers(2**31))
            )
            self._trees.append(tree.fit(rows[drawn], gains[drawn], check_input=False).tree_)
        return self

    def predict(self, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return mean and standard deviation of the gain, both of shape (n,).

        The variance is that of the mixture of all trees' leaves: between trees, and inside them.
        """
        rows = np.ascontiguousarray(X, dtype=np.float32)
        leaves = [(tree, tree.apply(rows)) for tree in self._trees]
        means = np.stack([tree.value[leaf, 0, 0] for tree, leaf in leaves])
        inside = np.stack([tree.impurity[leaf] for tree, leaf in leaves])
        variance = means.var(axis=0) + inside.mean(axis=0)
        return means.mean(axis=0), np.sqrt(np.maximum(variance, _SMALLEST_STD**2))
