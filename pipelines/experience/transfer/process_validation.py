"""Leave-one-dataset-out validation of the Gaussian process, without fitting it once per dataset.

With A the trials that remain and B those of the dataset that is left out, the solution without B is
``alpha_A - Q_AB Q_BB^-1 alpha_B`` where Q is the inverse of the whole covariance (the block form of
leave-one-out; Rasmussen and Williams 2006, section 5.4.2).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import inv

from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.experience.recording.space_alignment import (
    AlignedDataset,
    AlignedKnowledge,
    align_coordinates,
)
from espalier.pipelines.experience.transfer.transfer_process import (
    NOISE,
    DatasetKernel,
    embedded,
    groups,
    kernel,
    thinned,
)
from espalier.pipelines.experience.transfer.validate import FEWEST_DATASETS, Validation, spearman

Array = NDArray[np.float64]


class LeaveOneOutProcess:
    """Predictions for each dataset by a process fitted to all other datasets.

    Parameters
    ----------
    taught : AlignedKnowledge
        The experience to fit to.
    """

    def __init__(self, taught: AlignedKnowledge) -> None:
        self.taught = thinned(taught)
        datasets = self.taught.datasets
        self._kinship = DatasetKernel.of([each.dataset.meta for each in datasets])
        self._group = groups(self.taught)
        self._contents = np.array([each.dataset.fingerprint for each in datasets])
        with limit_threads(1):
            self._points = embedded(
                np.vstack([each.X for each in datasets]), self.taught.coordinates
            )
            covariance = kernel(self._points, self._points)
            covariance *= self._kinship.within[self._group][:, self._group]
            covariance[np.diag_indices(len(covariance))] += NOISE
            self._inverse = inv(covariance, overwrite_a=True, check_finite=False)
        self._alpha = self._inverse @ np.concatenate([each.gains for each in datasets])

    def expected(self, asked: AlignedDataset, coordinates: tuple[str, ...]) -> Array:
        """Predict the gains of a dataset's trials without the tables of its content, shape (m,).

        Parameters
        ----------
        asked : AlignedDataset
            The dataset; it may be among those of ``taught``, or not.
        coordinates : tuple of str
            The coordinates in which ``asked`` is encoded.
        """
        out = (self._contents == asked.dataset.fingerprint)[self._group]
        alpha = self._alpha.copy()
        if out.any():
            block = self._inverse[np.ix_(out, out)]
            alpha -= self._inverse[:, out] @ np.linalg.solve(block, self._alpha[out])
            alpha[out] = 0.0
        X = align_coordinates(asked.X, coordinates, self.taught.coordinates)
        with limit_threads(1):
            near = kernel(embedded(X, self.taught.coordinates), self._points)
        return np.asarray(near @ (alpha * self._kinship.to(asked.dataset.meta)[self._group]))


def validate_process(taught: AlignedKnowledge, asked: AlignedKnowledge) -> Validation:
    """Validate how well a process fitted to ``taught`` ranks the trials of ``asked``.

    Each dataset is predicted from the others; tables with the same content (other targets, other
    rows) are left out together.
    """
    if len({each.dataset.fingerprint for each in taught.datasets}) < FEWEST_DATASETS:
        return Validation(())
    model = LeaveOneOutProcess(taught)
    return Validation(
        tuple(
            (each.dataset.name, spearman(model.expected(each, asked.coordinates), each.scores))
            for each in asked.datasets
        )
    )
