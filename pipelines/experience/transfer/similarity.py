"""Similarity of datasets, by the distance of standardised meta-features.

As in M. Feurer, J. Springenberg and F. Hutter, *Initializing Bayesian hyperparameter optimization
via meta-learning* (AAAI 2015), where datasets are compared by the L1 distance; here each
meta-feature is in units of its spread over the known datasets, cut at a few of them, so that none
dominates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.metafeatures.catalogue import CATALOGUE, SERIES_CATALOGUE, catalogue_of
from espalier.pipelines.metafeatures.profile import MetaFeatures

Array = NDArray[np.float64]

META_NAMES = tuple(each.name for each in CATALOGUE)
SERIES_META_NAMES = tuple(each.name for each in SERIES_CATALOGUE)
_FAR = 3.0  # in spreads; a new dataset may be unlike all known ones


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaScale:
    """Standardises meta-features by their mean and spread over the known datasets.

    Attributes
    ----------
    centre, spread : array, shape (n_meta,)
        Mean and standard deviation over the known datasets, in the catalogue's order.
    """

    centre: Array
    spread: Array

    @classmethod
    def of(cls, known: Sequence[MetaFeatures]) -> "MetaScale":
        """Return the scale of at least one dataset."""
        raw = np.stack([vector(each) for each in known])
        spread = raw.std(axis=0)
        return cls(centre=raw.mean(axis=0), spread=np.where(spread > 1e-9, spread, np.inf))

    def __call__(self, meta: MetaFeatures) -> Array:
        """Return standardised meta-features, shape (n_meta,); 0 for those without spread."""
        return np.clip((vector(meta) - self.centre) / self.spread, -_FAR, _FAR)


def vector(meta: MetaFeatures) -> Array:
    """Return the values in their catalogue's order, shape (n_meta,); 0 for missing ones."""
    values = meta.to_dict()
    return np.array([values.get(each.name, 0.0) for each in catalogue_of(values)])


def distances(meta: MetaFeatures, known: Sequence[MetaFeatures]) -> Array:
    """Return the mean absolute standardised difference to each known dataset, shape (n,)."""
    if not known:
        return np.empty(0)
    scale = MetaScale.of(known)
    own = scale(meta)
    return np.array([np.abs(own - scale(each)).mean() for each in known])


def likeness(distance: Array) -> Array:
    """Return similarity weights in (0, 1] from distances, shape (n,); 1 for the nearest.

    They decrease with the distance in excess of the nearest. The width of the decrease is the
    median of these excesses, so that there are always several datasets that count.
    """
    if not len(distance):
        return np.empty(0)
    excess = distance - distance.min()
    width = max(float(np.median(excess)), 1e-9)
    return np.asarray(np.exp(-excess / width), dtype=np.float64)
