"""Align recorded trials with today's search space; those that do not fit are dropped and counted.

A configuration was valid in the space of the version that recorded it. New hyperparameters get
their default, removed ones are dropped; a removed family or choice makes it impossible.
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
from espalier.pipelines.forecasting.families.registry import families_for
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metafeatures.catalogue import version_of
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.targets import normal_scores
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialStatus

Array = NDArray[np.float64]

FEWEST_TRIALS = 8
"""Smallest number of trials of a dataset; fewer say too little about which are better."""
_SHORTEST_SECONDS = 1e-3
_WORST = 2.0  # regrets are cut here: how bad the bad ones are does not matter


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedDataset:
    """The n trials on one dataset, by trial number.

    Attributes
    ----------
    dataset : KnownDataset
        The dataset that they were run on.
    space : SearchSpace
        Today's space on that dataset.
    configurations : tuple of Configuration
        Their configurations, all different.
    X : array, shape (n, d)
        Encoded configurations, in the coordinates of `AlignedKnowledge`.
    scores : array, shape (n,)
        Gains (larger is better); -inf without a score.
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
        """The target of the predictor, shape (n,): half normal score of the rank, half regret.

        Normal scores of the ranks are independent of the metric and the difficulty (Salinas, Shen
        and Perrone, *A quantile-based approach for hyperparameter transfer learning*, ICML 2020),
        but separate the best few as far as any others. The regret, in units of best minus median,
        does not.
        """
        finite = self.scores[np.isfinite(self.scores)]
        best, middle = float(finite.max()), float(np.median(finite))
        regret = np.clip((best - self.scores) / max(best - middle, 1e-12), 0.0, _WORST)
        return np.asarray(0.5 * normal_scores(self.scores) + 0.5 * (1.0 - regret))

    def thinned(self, most: int) -> "AlignedDataset":
        """Return ``most`` of the trials, evenly spaced from the best to the worst."""
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
    """A knowledge base in today's search space.

    Attributes
    ----------
    datasets : tuple of AlignedDataset
        Those with enough trials.
    coordinates : tuple of str
        Coordinates of all their spaces together, each once.
    n_impossible, n_equal : int
        Number of records dropped because today's space has no such configuration, or because they
        became duplicates.
    too_small, other_meta : tuple of str
        Datasets left out: too few trials, or meta-features of another catalogue than today's.
    """

    datasets: tuple[AlignedDataset, ...]
    coordinates: tuple[str, ...]
    n_impossible: int = 0
    n_equal: int = 0
    too_small: tuple[str, ...] = ()
    other_meta: tuple[str, ...] = ()

    def without(self, place: int) -> "AlignedKnowledge":
        """Return a copy without one dataset."""
        return self.with_datasets(self.datasets[:place] + self.datasets[place + 1 :])

    def with_datasets(self, datasets: tuple[AlignedDataset, ...]) -> "AlignedKnowledge":
        """Return a copy with these datasets, which must be in the same coordinates."""
        return AlignedKnowledge(datasets=datasets, coordinates=self.coordinates)


def space_of(shape: DatasetShape) -> SearchSpace:
    """Return the full search space for a table of this shape."""
    learners = tuple(each for each in LEARNERS.values() if each.admits(shape))
    return SearchSpace(learners, shape)


def known_space(known: KnownDataset) -> SearchSpace:
    """Return the full search space for a known dataset, or for the series of a known forecast."""
    if known.is_of_series:
        zeros = known.meta.to_dict().get("zero_share", 0.0)
        return SearchSpace(families_for(None, zero_share=zeros), known.shape)
    return space_of(known.shape)


def align_knowledge(knowledge: KnowledgeBase, *, series: bool = False) -> AlignedKnowledge:
    """Align a knowledge base with today's search space.

    Parameters
    ----------
    knowledge : KnowledgeBase
        The records.
    series : bool
        Whether to take those on the series of forecasts, or those on tables.
    """
    n_impossible = n_equal = 0
    kept: list[tuple[KnownDataset, SearchSpace, dict[Configuration, ExperienceRecord]]] = []
    too_small: list[str] = []
    other_meta: list[str] = []
    for records in knowledge.by_dataset.values():
        known = records[0].dataset
        if known.is_of_series is not series:
            continue
        if known.meta.version != version_of(known.meta.names):
            other_meta.append(known.name)
            continue
        space = known_space(known)
        found: dict[Configuration, ExperienceRecord] = {}
        for record in records:
            if record.result.status is TrialStatus.PRUNED:
                continue  # ended by racing: worse than some, but its rank among all is unknown
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
    """Return a configuration converted to ``space``; None if that is impossible."""
    if configuration.family not in space.families:
        return None
    try:
        return space.complete(configuration.family, dict(configuration))
    except (ValueError, TypeError, KeyError):
        return None  # a value that the space no longer has


def align_coordinates(X: Array, have: Sequence[str], want: Sequence[str]) -> Array:
    """Convert encoded configurations to other coordinates, shape (n, len(want)).

    Parameters
    ----------
    X : array, shape (n, len(have))
        Encoded configurations.
    have, want : sequence of str
        Names of the coordinates; those that ``X`` lacks are inactive.
    """
    places = {name: place for place, name in enumerate(have)}
    found = np.full((len(X), len(want)), -1.0)
    for at, name in enumerate(want):
        if name in places:
            found[:, at] = X[:, places[name]]
    return found
