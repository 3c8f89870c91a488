"""A Gaussian process over all known datasets, which predicts gains on a new one with gradients.

The covariance of two trials is that of their configurations times that of their datasets. The
latter is a sum of three parts: one for all datasets, one for datasets of the same problem, and one
for similar meta-features (multi-task processes: Bonilla, Chai and Williams 2008; by descriptors:
Bardenet and others, *Collaborative hyperparameter tuning*, ICML 2013). The target is
`AlignedDataset.gains`.

The fitted model holds sums over landmarks (Nyström approximation), one row per dataset: a
prediction costs a few hundred kernel values, independent of the number of trials.

Symbols: k is the number of datasets, n of trials over all of them, d of coordinates of all known
spaces, q of landmarks, b of bags.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.experience.recording.space_alignment import AlignedKnowledge
from espalier.pipelines.experience.transfer.similarity import (
    META_NAMES,
    SERIES_META_NAMES,
    MetaScale,
    vector,
)
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.seeds import generator
from espalier.pipelines.surrogate.kernel import Embedding, matern, squared_distances

Array = NDArray[np.float64]

MOST_TRIALS = 3_000
"""Largest number of trials; more are thinned evenly on each dataset (the time is cubic)."""
N_BAGS = 6

_LENGTH = 2.5
NOISE = 0.5
_SHARED, _SAME_KIND, _ALIKE = 0.1, 0.3, 0.6
_LANDMARKS = 300
_JITTER = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetKernel:
    """The covariance between datasets, by problem and meta-features.

    Attributes
    ----------
    scale : MetaScale
        Scale of the meta-features over the known datasets.
    places : array, shape (k, n_meta)
        Their standardised meta-features.
    kinds : array, shape (k,)
        0 for binary, 1 for multiclass, 2 for regression, 3 for forecasts.
    width : float
        Length scale of the similarity of meta-features.
    """

    scale: MetaScale
    places: Array
    kinds: Array
    width: float

    @classmethod
    def of(cls, known: Sequence[MetaFeatures]) -> Self:
        """Return the kernel over at least one known dataset."""
        scale = MetaScale.of(known)
        places = np.stack([scale(each) for each in known])
        apart = np.abs(places[:, None] - places[None]).mean(axis=2)
        pairs = apart[np.triu_indices(len(known), 1)]
        width = float(np.median(pairs)) if len(pairs) else 1.0
        kinds = np.array([_kind(each) for each in known])
        return cls(scale=scale, places=places, kinds=kinds, width=max(width, 1e-6))

    def to(self, meta: MetaFeatures) -> Array:
        """Return the covariance of a dataset with each known dataset, shape (k,)."""
        return self._covariance(self.scale(meta)[None], np.array([_kind(meta)]))[0]

    @property
    def within(self) -> Array:
        """The covariance of the known datasets, shape (k, k)."""
        return self._covariance(self.places, self.kinds)

    def _covariance(self, places: Array, kinds: Array) -> Array:
        apart = np.abs(places[:, None] - self.places[None]).mean(axis=2) / self.width
        same = kinds[:, None] == self.kinds[None]
        return np.asarray(_SHARED + _SAME_KIND * same + _ALIKE * np.exp(-(apart**2)))


class ProcessExperience:
    """A Gaussian process over configurations and datasets, bagged over datasets.

    The spread of the bags' predictions measures its uncertainty.

    Parameters
    ----------
    seed : int
        Seed of landmarks and bags.
    """

    def __init__(self, *, seed: int) -> None:
        self._seed = seed

    def fit(self, known: AlignedKnowledge) -> Self:
        """Fit the process to trials on at least one dataset."""
        known = thinned(known)
        self.coordinates = known.coordinates
        self.kinship = DatasetKernel.of([each.dataset.meta for each in known.datasets])
        X = np.vstack([each.X for each in known.datasets])
        y = np.concatenate([each.gains for each in known.datasets])
        group = groups(known)
        k = len(known.datasets)
        rng = generator(self._seed, "process")
        with limit_threads(1):
            points = embedded(X, self.coordinates)
            covariance = kernel(points, points) * self.kinship.within[group][:, group]
            chosen = _landmarks(points, rng)
            self.landmarks = X[chosen]
            cross = kernel(points[chosen], points)  # (q, n)
            inner = cross[:, chosen] + _JITTER * np.eye(len(chosen))
            factor = cho_factor(inner, lower=True)
            sums = []
            for bag in range(N_BAGS + 1):
                counts = np.ones(k)
                if bag > 0:
                    counts = rng.multinomial(k, np.full(k, 1.0 / k)).astype(np.float64)
                rows = np.flatnonzero(counts[group] > 0)
                alpha = solve(covariance[np.ix_(rows, rows)], y[rows], counts[group[rows]])
                whole = np.zeros(len(y))
                whole[rows] = alpha
                by_dataset = np.stack(
                    [cross[:, group == each] @ whole[group == each] for each in range(k)], axis=1
                )
                sums.append(cho_solve(factor, by_dataset).T)
        self.sums = np.stack(sums)  # (1 + b, k, q)
        return self

    def predict(self, X: Array, meta: MetaFeatures) -> tuple[Array, Array]:
        """Return mean and standard deviation over the bags, shape (m,) each, for X (m, d)."""
        near = kernel(embedded(X, self.coordinates), embedded(self.landmarks, self.coordinates))
        found = near @ np.einsum("k,bkq->qb", self.kinship.to(meta), self.sums)
        return found[:, 0], found[:, 1:].std(axis=1)

    def about(self, meta: MetaFeatures) -> "DatasetPosterior":
        """Return the posterior mean function for one dataset."""
        return DatasetPosterior(
            Embedding(self.coordinates), self.landmarks, self.kinship.to(meta) @ self.sums[0]
        )

    @property
    def arrays(self) -> dict[str, Array]:
        """The fitted arrays, by name."""
        return {
            "landmarks": self.landmarks,
            "sums": self.sums,
            "centre": self.kinship.scale.centre,
            "spread": self.kinship.scale.spread,
            "places": self.kinship.places,
            "kinds": self.kinship.kinds.astype(np.float64),
            "width": np.array([self.kinship.width]),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array], coordinates: Sequence[str]) -> Self:
        """Restore a fitted model from its `arrays` and coordinates.

        Raises
        ------
        ValueError, KeyError
            The arrays are inconsistent or incomplete.
        """
        given = {name: np.asarray(each, dtype=np.float64) for name, each in arrays.items()}
        made = cls(seed=0)
        made.coordinates = tuple(coordinates)
        made.landmarks, made.sums = given["landmarks"], given["sums"]
        made.kinship = DatasetKernel(
            scale=MetaScale(centre=given["centre"], spread=given["spread"]),
            places=given["places"],
            kinds=given["kinds"],
            width=float(given["width"][0]),
        )
        q, d = made.landmarks.shape
        k, n_meta = made.kinship.places.shape
        fitting = (
            d == len(made.coordinates)
            and n_meta in (len(META_NAMES), len(SERIES_META_NAMES))
            and made.sums.shape[1:] == (k, q)
            and made.kinship.kinds.shape == (k,)
            and made.kinship.scale.centre.shape == made.kinship.scale.spread.shape == (n_meta,)
        )
        if not fitting:
            raise ValueError("the arrays of the predictor do not belong together")
        return made


class DatasetPosterior:
    """The posterior mean for one dataset: a weighted sum of kernels at the landmarks.

    Parameters
    ----------
    embedding : Embedding
        Embedding of the known coordinates.
    landmarks : array, shape (q, d)
        Encoded configurations.
    weights : array, shape (q,)
        Weight of each landmark.
    """

    def __init__(self, embedding: Embedding, landmarks: Array, weights: Array) -> None:
        self._embedding = embedding
        self._points = embedding(landmarks) / _LENGTH
        self._weights = weights

    def predict(self, X: Array) -> Array:
        """Return the expected gain of configurations (m, d), shape (m,)."""
        return np.asarray(kernel(self._embedding(X) / _LENGTH, self._points) @ self._weights)

    def predict_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the expected gain, and its gradient in X, shape (m, d)."""
        places = self._embedding(X) / _LENGTH
        values, slope = matern(squared_distances(places, self._points))
        pull = slope * self._weights
        moved = 2.0 * (pull.sum(axis=1)[:, None] * places - pull @ self._points) / _LENGTH
        return values @ self._weights, self._embedding.pull_back(X, moved)


def embedded(X: Array, coordinates: Sequence[str]) -> Array:
    """Return encoded configurations in units of the length scale, shape (n, p)."""
    return Embedding(coordinates)(X) / _LENGTH


def kernel(left: Array, right: Array) -> Array:
    """Return the covariance of embedded configurations, shape (n, m)."""
    return matern(squared_distances(left, right))[0]


def solve(covariance: Array, y: Array, counts: Array) -> Array:
    """Return the weights alpha, shape (n,); a trial that counts twice has half the noise."""
    noisy = covariance.copy()
    noisy[np.diag_indices(len(y))] += NOISE / counts
    return np.asarray(cho_solve(cho_factor(noisy, lower=True, overwrite_a=True), y))


def groups(known: AlignedKnowledge) -> NDArray[np.int64]:
    """Return the dataset number of each trial, shape (n,)."""
    return np.repeat(np.arange(len(known.datasets)), [len(each.X) for each in known.datasets])


def thinned(known: AlignedKnowledge) -> AlignedKnowledge:
    """Return about `MOST_TRIALS` trials at most, evenly from best to worst on each dataset.

    Gains depend on the other trials of a dataset, so thinning changes them slightly.
    """
    total = sum(len(each.X) for each in known.datasets)
    if total <= MOST_TRIALS:
        return known
    share = MOST_TRIALS / total
    return known.with_datasets(
        tuple(each.thinned(max(8, round(share * len(each.X)))) for each in known.datasets)
    )


def _landmarks(points: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the positions of up to `_LANDMARKS` distinct points, drawn uniformly."""
    _, first = np.unique(points.round(9), axis=0, return_index=True)
    n = min(_LANDMARKS, len(first))
    return np.sort(rng.choice(np.sort(first), size=n, replace=False))


def _kind(meta: MetaFeatures) -> float:
    if meta.is_of_series:
        return 3.0
    values = dict(zip(META_NAMES, vector(meta).tolist(), strict=True))
    if values["is_regression"] > 0.5:
        return 2.0
    return 1.0 if values["log_classes"] > 1.01 else 0.0
