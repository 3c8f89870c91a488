"""Measure all meta-features of a dataset as one named, ordered and versioned vector."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.metafeatures import landmarks, simple, statistical
from espalier.pipelines.metafeatures.catalogue import (
    CATALOGUE,
    SERIES_CATALOGUE,
    VERSION,
    catalogue_of,
    version_of,
)
from espalier.pipelines.metafeatures.sample import draw_sample

LIMIT = 1e6
"""Largest absolute value; larger ones are clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaFeatures:
    """The meta-features of one dataset, or of the series of a forecast.

    Attributes
    ----------
    names : tuple of str
        As in `espalier.pipelines.metafeatures.catalogue`, which says what each means.
    values : tuple of float
        One per name, always finite; 0 where a dataset has no such number.
    version : int
        Version of the catalogue.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    version: int = VERSION

    @property
    def is_of_series(self) -> bool:
        """Whether they are those of the series of a forecast."""
        return SERIES_CATALOGUE[0].name in self.names

    def to_dict(self) -> dict[str, float]:
        """Return values by name."""
        return dict(zip(self.names, self.values, strict=True))

    @classmethod
    def catalogued(cls, record: Mapping[str, float]) -> "MetaFeatures":
        """Return those of a record that are in its catalogue, without what is only shown."""
        names = [each.name for each in catalogue_of(record) if each.name in record]
        return cls.from_dict({name: record[name] for name in names}, version_of(record))

    @classmethod
    def from_dict(cls, record: Mapping[str, float], version: int = VERSION) -> "MetaFeatures":
        """Return the meta-features that `to_dict` described, catalogued names first."""
        known = [each.name for each in catalogue_of(record) if each.name in record]
        names = (*known, *(name for name in record if name not in set(known)))
        return cls(
            names=names, values=tuple(float(record[name]) for name in names), version=version
        )


def profile(dataset: Dataset, *, seed: int, seconds: float = 2.0) -> MetaFeatures:
    """Measure the meta-features of a dataset.

    Parameters
    ----------
    dataset : Dataset
        The rows to characterise; the search rows of a run.
    seed : int
        The run's seed; draws the sample.
    seconds : float
        Approximate time allowed. It sets how many rows and columns are sampled, so that the same
        arguments give the same numbers on any machine.

    Returns
    -------
    MetaFeatures
        One number for each entry of the catalogue.
    """
    # Pixels say nothing of a table that the vectors of the same pictures do not.
    kept = [name for name, role in dataset.roles.items() if role is not ColumnRole.PIXELS]
    if len(kept) < len(dataset.roles):
        dataset = dataset.with_columns(kept)
    sample = draw_sample(dataset, seed=seed, seconds=seconds)
    found = {
        **simple.size(dataset),
        **simple.kinds(dataset, sample),
        **statistical.target(dataset),
        **statistical.columns(sample),
        **statistical.associations(sample, seed),
        **landmarks.landmarks(sample, seed),
    }
    names = tuple(each.name for each in CATALOGUE)
    values = np.clip(np.nan_to_num([found[name] for name in names]), -LIMIT, LIMIT)
    return MetaFeatures(names=names, values=tuple(float(value) for value in values))
