"""Recorded tables as spaces of their own: a strategy chooses among what was recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from searches.experience import Lent, lend
from searches.record import RecordOptions, open_workplace, read_header, read_results

from espalier.pipelines.experience.recording.space_alignment import align_configuration, space_of
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialResult

Array = NDArray[np.float64]

_BLIND = ("default", "starter", "sobol", "random")


@dataclass(frozen=True, slots=True)
class Pool:
    """A recorded table as a space of its own.

    Attributes
    ----------
    name : str
        The dataset.
    space : SearchSpace
        Encodes the configurations.
    configurations : list of Configuration
        What was recorded.
    X : array, shape (n, d)
        Encoded.
    gains : array, shape (n,)
        Scores, larger is better; -inf for what failed.
    folds : array, shape (n, n_folds)
        Scores of the folds, larger is better; NaN for what failed.
    seconds : array, shape (n,)
        Of each trial.
    drawn : array of bool, shape (n,)
        Which were recorded whatever was known of the table: defaults, space-filling, random. Of the
        rest, found by a search on this very table, chance would hardly have met any.
    lent : Lent or None
        What experience of other tables says.
    """

    name: str
    space: SearchSpace
    configurations: list[Configuration]
    X: Array
    gains: Array
    folds: Array
    seconds: Array
    drawn: NDArray[np.bool_]
    lent: Lent | None = None

    def places_of(self, configurations: Sequence[Configuration]) -> list[int]:
        """Return where these are, in their order; what was not recorded is passed over."""
        at = {each: place for place, each in enumerate(self.configurations)}
        return [at[each] for each in configurations if each in at]

    def regret(self, chosen: list[int]) -> float:
        """Return how far the best chosen is from the pool's best, in units best - median."""
        finite = self.gains[np.isfinite(self.gains)]
        span = finite.max() - np.median(finite)
        found = self.gains[chosen].max()
        return float(min(1.0, (finite.max() - found) / span)) if np.isfinite(found) else 1.0


def open_pool(data: Path, path: Path, options: RecordOptions) -> Pool:
    """Return a recorded table.

    Where a family has changed since, its recorded configurations are read in the space of today:
    what it lacks takes its default. Those that have become equal or impossible are left out.
    """
    header = read_header(path)
    place = open_workplace(data, path.stem, options)
    sign = get_metric(header["metric"], ProblemKind(header["problem"]), header["n_classes"]).sign
    found: dict[Configuration, TrialResult] = {}
    for result in read_results(path):
        recorded = result.trial.configuration
        if recorded.family in place.space.families:
            try:
                found.setdefault(place.space.complete(recorded.family, dict(recorded)), result)
            except ValueError:  # a choice that is gone
                continue
    configurations, kept = list(found), list(found.values())
    folds = np.full((len(kept), header["folds"]), np.nan)
    for row, result in zip(folds, kept, strict=True):
        if result.succeeded:
            row[:] = sign * np.array(result.fold_scores)
    gains = np.where(np.isnan(folds[:, 0]), -np.inf, folds.mean(axis=1))
    return Pool(
        path.stem,
        place.space,
        configurations,
        place.space.encode(configurations),
        gains,
        folds,
        np.array([result.seconds for result in kept]),
        np.ones(len(kept), dtype=bool),
    )


def open_store(path: Path) -> list[Pool]:
    """Return a pool a dataset of a store of experience (``espalier experience build``)."""
    pools = []
    knowledge = ExperienceStore(path).read()
    lent = lend(knowledge)
    for records in knowledge.by_dataset.values():
        known = records[0].dataset
        space, sign = space_of(known.shape), known.scored_by.sign
        found: dict[Configuration, TrialResult] = {}
        for record in records:
            today = align_configuration(record.result.trial.configuration, space)
            if today is not None:
                found.setdefault(today, record.result)
        kept = list(found.values())
        folds = np.full((len(kept), known.n_folds), np.nan)
        for row, result in zip(folds, kept, strict=True):
            if result.succeeded:
                row[:] = sign * np.array(result.fold_scores)
        pools.append(
            Pool(
                known.name,
                space,
                list(found),
                space.encode(list(found)),
                np.where(np.isnan(folds[:, 0]), -np.inf, folds.mean(axis=1)),
                folds,
                np.array([result.seconds for result in kept]),
                np.array([result.trial.origin in _BLIND for result in kept], dtype=bool),
                lent.get(known.name),
            )
        )
    return pools
