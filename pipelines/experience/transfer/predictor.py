"""Predict gains on a new dataset from experience: f(meta-features, configuration) -> gain.

Symbols: n is the number of trials over all datasets, d of coordinates of all known spaces.
"""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.experience.recording.space_alignment import align_coordinates
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.experience.transfer.unrecorded import Unrecorded
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.space.joint import SearchSpace

Array = NDArray[np.float64]


class RunPrior:
    """Experience as prior mean of a run's surrogate; a `surrogate.prior_mean.Experience`.

    Parameters
    ----------
    model : ProcessExperience
        The fitted predictor.
    space : SearchSpace
        The run's space.
    meta : MetaFeatures
        Meta-features of the run's dataset.

    Attributes
    ----------
    unrecorded : Unrecorded
        Families of the space that the predictor has no trial of.
    """

    def __init__(self, model: ProcessExperience, space: SearchSpace, meta: MetaFeatures) -> None:
        self._about = model.about(meta)
        self._have, self._want = space.coordinates, model.coordinates
        self.unrecorded = Unrecorded.of(space, model)
        known = {name: place for place, name in enumerate(self._want)}
        pairs = [(own, known[name]) for own, name in enumerate(self._have) if name in known]
        self._own = [own for own, _ in pairs]
        self._place = [place for _, place in pairs]

    def mean(self, X: Array) -> Array:
        """Return the expected normal score of encoded configurations (n, d), shape (n,)."""
        X, _ = self.unrecorded.stand_ins(X)
        return self._about.predict(align_coordinates(X, self._have, self._want))

    def mean_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the expected normal score, and its gradient in X, shape (n, d)."""
        X, constant = self.unrecorded.stand_ins(X)
        mean, slope = self._about.predict_gradient(align_coordinates(X, self._have, self._want))
        gradient = np.zeros_like(X)
        gradient[:, self._own] = slope[:, self._place]
        gradient[constant] = 0.0
        return mean, gradient
