"""What experience predicts for a new dataset: f(meta-features, configuration) -> gain.

`espalier.pipelines.experience.transfer_process` is the predictor that runs use; a forest is its
yardstick.

Symbols: n trials over all datasets; d coordinates of the known spaces together.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.experience.similarity import META_NAMES, MetaScale
from espalier.pipelines.experience.space_alignment import AlignedKnowledge, align_coordinates
from espalier.pipelines.experience.transfer_process import ProcessExperience
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.surrogate.forest import ForestPredictor

Array = NDArray[np.float64]

_BAGS, _TREES_A_BAG = 8, 6


class ExperienceModel(Protocol):
    """Learns from many datasets and predicts for another one."""

    def fit(self, known: AlignedKnowledge) -> Self:
        """Learn from trials on at least one dataset."""
        ...

    def predict(self, X: Array, meta: MetaFeatures) -> tuple[Array, Array]:
        """Return mean and deviation for configurations (n, d) in the known coordinates."""
        ...


class ForestExperience:
    """Forests, each on a bootstrap of the datasets: the yardstick.

    Parameters
    ----------
    seed : int
        Of bootstraps and trees.
    """

    def __init__(self, *, seed: int) -> None:
        self._seed = seed

    def fit(self, known: AlignedKnowledge) -> Self:
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
    model : ProcessExperience
        Fitted.
    coordinates : sequence of str
        Of the run's space.
    meta : MetaFeatures
        Of the run's dataset.
    """

    def __init__(
        self, model: ProcessExperience, coordinates: Sequence[str], meta: MetaFeatures
    ) -> None:
        self._about = model.about(meta)
        self._have, self._want = tuple(coordinates), model.coordinates
        known = {name: place for place, name in enumerate(self._want)}
        pairs = [(own, known[name]) for own, name in enumerate(self._have) if name in known]
        self._own = [own for own, _ in pairs]
        self._place = [place for _, place in pairs]

    def mean(self, X: Array) -> Array:
        """Return the expected normal score of encoded configurations (n, d), shape (n,)."""
        return self._about.predict(align_coordinates(X, self._have, self._want))

    def mean_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the same, and its gradient in X, shape (n, d)."""
        mean, slope = self._about.predict_gradient(align_coordinates(X, self._have, self._want))
        gradient = np.zeros_like(X)
        gradient[:, self._own] = slope[:, self._place]
        return mean, gradient
