"""What experience predicts for a new dataset: f(meta-features, configuration) -> gain.

Symbols: n trials over all datasets; d coordinates of the known spaces together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.experience.recording.space_alignment import align_coordinates
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.metafeatures.profile import MetaFeatures

Array = NDArray[np.float64]


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
