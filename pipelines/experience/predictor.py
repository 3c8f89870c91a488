"""What experience predicts for a new dataset: f(meta-features, configuration) -> normal score.

The target is the normal score of the rank within a dataset, so that no metric or difficulty leaks
(Salinas, Shen and Perrone, *A quantile-based approach for hyperparameter transfer learning*, ICML
2020). The networks are bagged over datasets: what many trials on one dataset say is one voice.

Symbols: k datasets; n trials over all of them; d coordinates of the known spaces together.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.limits import limit_threads
from pipelines.experience.mapping import Mapped, aligned
from pipelines.experience.similarity import META_NAMES, MetaScale
from pipelines.metafeatures.profile import MetaFeatures
from pipelines.seeds import generator, integer_seed
from pipelines.surrogate.forest import ForestPredictor
from pipelines.surrogate.kernel import Embedding
from pipelines.surrogate.neural import NeuralPredictor

Array = NDArray[np.float64]

N_NETWORKS, _WIDTH, _STEPS = 8, 24, 100
_BAGS, _TREES_A_BAG = 8, 6


class ExperienceModel(Protocol):
    """Learns from many datasets and predicts for another one."""

    def fit(self, known: Mapped) -> Self:
        """Learn from trials on at least one dataset."""
        ...

    def predict(self, X: Array, meta: MetaFeatures) -> tuple[Array, Array]:
        """Return mean and deviation for configurations (n, d) in the known coordinates."""
        ...


class NeuralExperience:
    """Networks over embedded configuration and standardised meta-features.

    Parameters
    ----------
    seed : int
        Of weights and bootstraps.
    """

    def __init__(self, *, seed: int) -> None:
        self._seed = seed

    def fit(self, known: Mapped) -> Self:
        """Learn from trials on at least one dataset."""
        self.coordinates = known.coordinates
        self.scale = MetaScale.of([each.dataset.meta for each in known.datasets])
        sizes = [len(each.configurations) for each in known.datasets]
        rows = [self.scale(each.dataset.meta) for each in known.datasets]
        self._network = self._fresh(np.zeros(len(META_NAMES)))
        # Matrices of a few thousand rows: threads would only get in each other's way.
        with limit_threads(1):
            self._network.fit(
                np.vstack([each.X for each in known.datasets]),
                np.concatenate([each.gains for each in known.datasets]),
                meta=np.repeat(np.stack(rows), sizes, axis=0),
                dataset=np.repeat(np.arange(len(sizes)), sizes),
            )
        return self

    def predict(self, X: Array, meta: MetaFeatures) -> tuple[Array, Array]:
        """Return mean and deviation over the networks, both of shape (n,)."""
        return self.about(meta).predict(X)

    def about(self, meta: MetaFeatures) -> NeuralPredictor:
        """Return the networks asked about one dataset."""
        return self._fresh(self.scale(meta)).restore(self._network.arrays)

    @property
    def arrays(self) -> dict[str, Array]:
        """What was learned, by name."""
        return {
            **self._network.arrays,
            "centre": self.scale.centre,
            "spread": self.scale.spread,
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array], coordinates: Sequence[str]) -> Self:
        """Return the model that `arrays` and its coordinates describe.

        Raises
        ------
        ValueError, KeyError
            They do not belong together.
        """
        made = cls(seed=0)
        made.coordinates = tuple(coordinates)
        made.scale = MetaScale(
            centre=np.asarray(arrays["centre"], dtype=np.float64),
            spread=np.asarray(arrays["spread"], dtype=np.float64),
        )
        n_meta = len(META_NAMES)
        if made.scale.centre.shape != (n_meta,) or made.scale.spread.shape != (n_meta,):
            raise ValueError(f"the scale is not one of {n_meta} meta-features")
        made._network = made._fresh(np.zeros(n_meta)).restore(arrays)
        return made

    def _fresh(self, meta: Array) -> NeuralPredictor:
        return NeuralPredictor(
            Embedding(self.coordinates), seed=self._seed, meta=meta, n_networks=N_NETWORKS,
            width=_WIDTH, steps=_STEPS,
        )  # fmt: skip


class ForestExperience:
    """Forests, each on a bootstrap of the datasets: the yardstick for the networks.

    Parameters
    ----------
    seed : int
        Of bootstraps and trees.
    """

    def __init__(self, *, seed: int) -> None:
        self._seed = seed

    def fit(self, known: Mapped) -> Self:
        """Learn from trials on at least one dataset."""
        self._scale = MetaScale.of([each.dataset.meta for each in known.datasets])
        rng = generator(self._seed, "bags")
        self._forests = []
        for bag in range(_BAGS):
            drawn = rng.integers(len(known.datasets), size=len(known.datasets))
            parts = [known.datasets[place] for place in drawn]
            rows = np.vstack([self._inputs(each.X, each.dataset.meta) for each in parts])
            forest = ForestPredictor(integer_seed(self._seed, "bag", bag), n_trees=_TREES_A_BAG)
            self._forests.append(forest.fit(rows, np.concatenate([each.gains for each in parts])))
        return self

    def predict(self, X: Array, meta: MetaFeatures) -> tuple[Array, Array]:
        """Return mean and deviation over the bags, both of shape (n,)."""
        means = np.stack([each.predict(self._inputs(X, meta))[0] for each in self._forests])
        return means.mean(axis=0), means.std(axis=0)

    def _inputs(self, X: Array, meta: MetaFeatures) -> Array:
        return np.hstack([X, np.broadcast_to(self._scale(meta), (len(X), len(META_NAMES)))])


class RunPrior:
    """What experience says about the space of one run; a `surrogate.prior_mean.Experience`.

    Parameters
    ----------
    model : NeuralExperience
        Fitted.
    coordinates : sequence of str
        Of the run's space.
    meta : MetaFeatures
        Of the run's dataset.
    """

    def __init__(
        self, model: NeuralExperience, coordinates: Sequence[str], meta: MetaFeatures
    ) -> None:
        self._about = model.about(meta)
        self._have, self._want = tuple(coordinates), model.coordinates
        known = {name: place for place, name in enumerate(self._want)}
        pairs = [(own, known[name]) for own, name in enumerate(self._have) if name in known]
        self._own = [own for own, _ in pairs]
        self._place = [place for _, place in pairs]

    def mean(self, X: Array) -> Array:
        """Return the expected normal score of encoded configurations (n, d), shape (n,)."""
        return self._about.predict(aligned(X, self._have, self._want))[0]

    def mean_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the same, and its gradient in X, shape (n, d)."""
        mean, _, slope, _ = self._about.predict_gradient(aligned(X, self._have, self._want))
        gradient = np.zeros_like(X)
        gradient[:, self._own] = slope[:, self._place]
        return mean, gradient
