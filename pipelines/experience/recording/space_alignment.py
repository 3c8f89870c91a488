"""Recorded trials in today's search space: mapped where possible, else dropped and counted.

A configuration was valid in the space of the Espalier that recorded it. What it lacks in today's
takes its default, what has gone is dropped; a family or choice that has gone makes it impossible.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.experience.recording.record import (
    ExperienceRecord,
    KnowledgeBase,
    KnownDataset,
    raw_gains,
)
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metafeatures.catalogue import VERSION
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.targets import normal_scores
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialStatus

Array = NDArray[np.float64]

FEWEST_TRIALS = 8
"""A dataset with fewer says too little about who is better on it."""
_SHORTEST_SECONDS = 1e-3
_WORST = 2.0  # regret; how bad the bad ones are does not matter


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedDataset:
    """The trials on one dataset, by trial number; n of them.

    Attributes
    ----------
    dataset : KnownDataset
        Where they were run.
    space : SearchSpace
        Today's, on that dataset.
    configurations : tuple of Configuration
        All different.
    X : array, shape (n, d)
        Encoded, in the coordinates of `AlignedKnowledge`.
    scores : array, shape (n,)
        Larger is better; -inf without one.
    seconds : array, shape (n,)
        Of each trial.
    """

    dataset: KnownDataset
    space: SearchSpace
    configurations: tuple[Configuration, ...]
    X: Array
    scores: Array
    seconds: Array

    @property
    def gains(self) -> Array:
        """The predictor's target, shape (n,): half rank, half regret.

        Normal scores of the ranks let no metric or difficulty leak (Salinas, Shen and Perrone,
        *A quantile-based approach for hyperparameter transfer learning*, ICML 2020), but set the
        best few as far apart as any others. The regret, in units of best minus median, does not.
        """
        finite = self.scores[np.isfinite(self.scores)]
        best, middle = float(finite.max()), float(np.median(finite))
        regret = np.clip((best - self.scores) / max(best - middle, 1e-12), 0.0, _WORST)
        return np.asarray(0.5 * normal_scores(self.scores) + 0.5 * (1.0 - regret))

    def thinned(self, most: int) -> "AlignedDataset":
        """Return ``most`` of the trials, evenly from the best to the worst."""
        if len(self.configurations) <= most:
            return self
        order = np.argsort(-self.scores, kind="stable")
        kept = np.sort(order[np.linspace(0, len(order) - 1, most).round().astype(int)])
        return replace(
            self,
            configurations=tuple(self.configurations[place] for place in kept),
            X=self.X[kept],
            scores=self.scores[kept],
            seconds=self.seconds[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedKnowledge:
    """What a knowledge base says in today's terms.

    Attributes
    ----------
    datasets : tuple of AlignedDataset
        Those with enough trials.
    coordinates : tuple of str
        Of all their spaces together; each once.
    n_impossible, n_equal : int
        Records dropped since today's space has no such configuration, or since another record has
        become the same.
    too_small, other_meta : tuple of str
        Datasets left out: few trials, or meta-features of another catalogue than today's.
    """

    datasets: tuple[AlignedDataset, ...]
    coordinates: tuple[str, ...]
    n_impossible: int = 0
    n_equal: int = 0
    too_small: tuple[str, ...] = ()
    other_meta: tuple[str, ...] = ()

    def without(self, place: int) -> "AlignedKnowledge":
        """Return the same without one dataset."""
        return self.with_datasets(self.datasets[:place] + self.datasets[place + 1 :])

    def with_datasets(self, datasets: tuple[AlignedDataset, ...]) -> "AlignedKnowledge":
        """Return these datasets, which are in the same coordinates."""
        return AlignedKnowledge(datasets=datasets, coordinates=self.coordinates)


def space_of(shape: DatasetShape) -> SearchSpace:
    """Return the whole space on a table of this shape."""
    learners = tuple(each for each in LEARNERS.values() if each.admits(shape))
    return SearchSpace(learners, shape)


def align_knowledge(knowledge: KnowledgeBase) -> AlignedKnowledge:
    """Return what ``knowledge`` says in today's space."""
    n_impossible = n_equal = 0
    kept: list[tuple[KnownDataset, SearchSpace, dict[Configuration, ExperienceRecord]]] = []
    too_small: list[str] = []
    other_meta: list[str] = []
    for records in knowledge.by_dataset.values():
        known = records[0].dataset
        if known.meta.version != VERSION:
            other_meta.append(known.name)
            continue
        space = space_of(known.shape)
        found: dict[Configuration, ExperienceRecord] = {}
        for record in records:
            if record.result.status is TrialStatus.PRUNED:
                continue  # clearly worse than some, which is no rank among all
            today = align_configuration(record.result.trial.configuration, space)
            if today is None:
                n_impossible += 1
            elif today in found:
                n_equal += 1
            else:
                found[today] = record
        n_scored = sum(each.result.succeeded for each in found.values())
        if n_scored < FEWEST_TRIALS:
            too_small.append(known.name)
        else:
            kept.append((known, space, found))
    coordinates = tuple(dict.fromkeys(name for _, space, _ in kept for name in space.coordinates))
    return AlignedKnowledge(
        datasets=tuple(
            AlignedDataset(
                dataset=known,
                space=space,
                configurations=tuple(found),
                X=align_coordinates(space.encode(list(found)), space.coordinates, coordinates),
                scores=raw_gains(found.values()),
                seconds=np.array(
                    [max(each.result.seconds, _SHORTEST_SECONDS) for each in found.values()]
                ),
            )
            for known, space, found in kept
        ),
        coordinates=coordinates,
        n_impossible=n_impossible,
        n_equal=n_equal,
        too_small=tuple(too_small),
        other_meta=tuple(other_meta),
    )


def align_configuration(configuration: Configuration, space: SearchSpace) -> Configuration | None:
    """Return a configuration as it is in ``space``; None where it cannot be."""
    if configuration.family not in space.families:
        return None
    try:
        return space.complete(configuration.family, dict(configuration))
    except (ValueError, TypeError, KeyError):
        return None  # a value that the space does not know any more


def align_coordinates(X: Array, have: Sequence[str], want: Sequence[str]) -> Array:
    """Return encoded configurations in other coordinates, shape (n, len(want)).

    Parameters
    ----------
    X : array, shape (n, len(have))
        Encoded configurations.
    have, want : sequence of str
        Names of the coordinates; what ``X`` lacks is inactive.
    """
    places = {name: place for place, name in enumerate(have)}
    found = np.full((len(X), len(want)), -1.0)
    for at, name in enumerate(want):
        if name in places:
            found[:, at] = X[:, places[name]]
    return found
