"""The portfolio: configurations that complemented each other best on the known datasets.

It is built greedily, as in M. Feurer and others, *Auto-sklearn 2.0* (2022, section 3.2): each next
configuration is the one that, added to those chosen, reduces the mean regret over the datasets
most, here per second that it is expected to take. A greedy set reaches at least 63 % of the gain of
the best set of its size.

The regret of a configuration on a dataset is the distance of its score from the best one there, in
units of best minus median, cut at 1. If it was never run on a dataset, its regret is predicted by a
random forest on that dataset's trials, and shrunk towards 1.

Symbols: c is the number of candidates, k of datasets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.experience.recording.space_alignment import (
    AlignedDataset,
    AlignedKnowledge,
    align_configuration,
    align_coordinates,
)
from espalier.pipelines.experience.transfer.greedy_cover import cover_in_rounds
from espalier.pipelines.experience.transfer.similarity import distances, likeness
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.metafeatures.statement import agreement
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.surrogate.forest import ForestPredictor
from espalier.pipelines.trials.configuration import Configuration

Array = NDArray[np.float64]

SMALL_ROWS, MEDIUM_ROWS = 2_000, 20_000
"""Row counts below which a dataset is small, or medium; larger ones are large."""
LENGTH = 16
"""Number of configurations in the portfolio of a bucket (task and size)."""
WINNERS = 4
"""Number of best configurations of each dataset to keep for the next run on that dataset."""
_PER_DATASET, _CANDIDATES = 16, 600
"""So many of the best of each dataset are candidates, fewer where there are many datasets, beside
every family's best."""
# Weight of a dataset of another task or size for a bucket.
_OTHER_TASK, _OTHER_SIZE = 0.15, 0.4
_IMPUTED_TRUST = 0.5
# Descriptions in full agreement reduce the distance of the meta-features by this much.
_WORDS_COUNT = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Configurations to try first, with their regret on each known dataset.

    Attributes
    ----------
    configurations : tuple of Configuration
        The c configurations, each in the space of the dataset that it was recorded on.
    regrets : array, shape (c, k)
        Regrets; 0 is the best known on a dataset, 1 the median or worse.
    costs : array, shape (c,)
        Seconds in units of the median trial on the same dataset, geometric mean over datasets.
    datasets : tuple of str
        Names of the datasets, in the order of the columns of ``regrets``.
    problems : tuple of ProblemKind
        Problems of the datasets.
    contents : tuple of str
        Identifiers of the datasets' content, see `KnownDataset.content`.
    n_rows : tuple of int
        Numbers of rows of the whole datasets.
    meta : tuple of MetaFeatures
        Meta-features of the datasets.
    best : tuple of tuple of int
        Positions of the configurations that scored best on each dataset, best first.
    statements : tuple of tuple of float
        The subject of each dataset, as a vector of `statement_vector`.
    """

    configurations: tuple[Configuration, ...]
    regrets: Array
    costs: Array
    datasets: tuple[str, ...]
    contents: tuple[str, ...]
    problems: tuple[ProblemKind, ...]
    n_rows: tuple[int, ...]
    meta: tuple[MetaFeatures, ...]
    best: tuple[tuple[int, ...], ...]
    statements: tuple[tuple[float, ...], ...] = ()

    def distances(self, meta: MetaFeatures, about: tuple[float, ...] = ()) -> Array:
        """Return the distance of each known dataset from a new one, shape (k,).

        Datasets whose descriptions are about the same subject are closer.
        """
        apart = distances(meta, self.meta)
        if not about or not self.statements:
            return apart
        agreed = np.array([agreement(about, each) for each in self.statements])
        return np.asarray(apart * (1.0 - _WORDS_COUNT * agreed))

    def order_for(
        self,
        problem: ProblemKind,
        n_rows: int,
        meta: MetaFeatures | None = None,
        about: tuple[float, ...] = (),
    ) -> tuple[int, ...]:
        """Return the positions of the configurations to try, in order.

        The set depends only on the bucket (task and size). Meta-features, if given, change only its
        order: what helped most on similar datasets comes first, since similarity is a guess.
        """
        weights = self._bucket_weights(problem, n_rows)
        chosen = cover_in_rounds(self.regrets, self.costs, weights, n=LENGTH)
        if meta is None or not chosen:
            return chosen
        near = weights * likeness(self.distances(meta, about))
        places = list(chosen)
        again = cover_in_rounds(self.regrets[places], self.costs[places], near, n=LENGTH)
        first = [chosen[place] for place in again]
        return (*first, *(place for place in chosen if place not in first))

    def winners(self, content: str) -> tuple[int, ...]:
        """Return positions of the configurations that were best on this dataset; empty if new.

        Best first; if it was recorded several times (other rows, folds or seeds), these take turns.
        """
        found = [
            places for places, each in zip(self.best, self.contents, strict=True) if each == content
        ]
        turns = [place for turn in zip_longest(*found) for place in turn if place is not None]
        return tuple(dict.fromkeys(turns))[:WINNERS]

    def expected_regret(self, place: int, meta: MetaFeatures) -> float:
        """Return the expected regret of each configuration on a dataset like this one."""
        near = likeness(distances(meta, self.meta))
        return float(self.regrets[place] @ near / near.sum())

    def _bucket_weights(self, problem: ProblemKind, n_rows: int) -> Array:
        size = size_of(n_rows)
        return np.array(
            [
                (1.0 if kind is problem else _OTHER_TASK)
                * (1.0 if size_of(rows) == size else _OTHER_SIZE)
                for kind, rows in zip(self.problems, self.n_rows, strict=True)
            ]
        )


def size_of(n_rows: int) -> str:
    """Return the size bucket of a dataset: ``small``, ``medium`` or ``large``."""
    return "small" if n_rows < SMALL_ROWS else "medium" if n_rows < MEDIUM_ROWS else "large"


def build_portfolio(known: AlignedKnowledge, *, seed: int) -> Portfolio:
    """Build the portfolio from aligned experience.

    Parameters
    ----------
    known : AlignedKnowledge
        Experience in today's space.
    seed : int
        Seed of the forests that predict scores of configurations that were not run.
    """
    candidates = _candidates(known)
    regrets = np.ones((len(candidates), len(known.datasets)))
    logs = np.zeros_like(regrets)
    for at, each in enumerate(known.datasets):
        regrets[:, at], logs[:, at] = _on_dataset(
            candidates, each, known.coordinates, integer_seed(seed, "portfolio", at)
        )
    costs = np.exp(np.nanmean(logs, axis=1)) if len(known.datasets) else np.ones(len(candidates))
    whole = Portfolio(
        configurations=candidates,
        regrets=regrets,
        costs=costs,
        datasets=tuple(each.dataset.name for each in known.datasets),
        contents=tuple(each.dataset.content for each in known.datasets),
        problems=tuple(each.dataset.problem for each in known.datasets),
        n_rows=tuple(each.dataset.n_rows_whole for each in known.datasets),
        meta=tuple(each.dataset.meta for each in known.datasets),
        best=tuple(_best(each, candidates) for each in known.datasets),
        statements=tuple(each.dataset.statement for each in known.datasets),
    )
    return _needed(whole)


def _candidates(known: AlignedKnowledge) -> tuple[Configuration, ...]:
    """Return the best configurations of each dataset, and the best of each family there."""
    found: dict[Configuration, None] = {}
    best = max(WINNERS, min(_PER_DATASET, _CANDIDATES // max(1, len(known.datasets))))
    for each in known.datasets:
        order = np.argsort(-each.scores, kind="stable")
        order = order[np.isfinite(each.scores[order])]
        seen: set[str] = set()
        for rank, place in enumerate(order):
            configuration = each.configurations[place]
            is_first = configuration.family not in seen and len(found) < _CANDIDATES
            if rank < best or is_first:
                seen.add(configuration.family)
                found[configuration] = None
    return tuple(found)


def _best(known: AlignedDataset, candidates: Sequence[Configuration]) -> tuple[int, ...]:
    """Return the positions of the configurations that scored best on a dataset."""
    place_of = {configuration: place for place, configuration in enumerate(candidates)}
    order = np.argsort(-known.scores, kind="stable")[:WINNERS]
    ran = [known.configurations[at] for at in order if np.isfinite(known.scores[at])]
    return tuple(place_of[each] for each in ran if each in place_of)


def _on_dataset(
    candidates: Sequence[Configuration],
    known: AlignedDataset,
    coordinates: Sequence[str],
    seed: int,
) -> tuple[Array, Array]:
    """Return regret and log relative seconds of the candidates on a dataset, shape (c,) each.

    A candidate that is not in the dataset's space has regret 1 and NaN seconds.
    """
    finite = known.scores[np.isfinite(known.scores)]
    best, middle = float(finite.max()), float(np.median(finite))
    observed = np.where(
        np.isfinite(known.scores),
        np.clip((best - known.scores) / max(best - middle, 1e-12), 0.0, 1.0),
        1.0,
    )
    log_seconds = np.log(known.seconds / np.median(known.seconds))
    place_of = {configuration: at for at, configuration in enumerate(known.configurations)}
    here = [align_configuration(each, known.space) for each in candidates]
    regret = np.ones(len(candidates))
    logs = np.full(len(candidates), np.nan)
    unknown = []
    for at, configuration in enumerate(here):
        if configuration is None:
            continue
        if configuration in place_of:
            regret[at] = observed[place_of[configuration]]
            logs[at] = log_seconds[place_of[configuration]]
        else:
            unknown.append(at)
    if unknown:
        asked = [each for at in unknown if (each := here[at]) is not None]
        X = align_coordinates(known.space.encode(asked), known.space.coordinates, coordinates)
        predicted, doubt = ForestPredictor(seed).fit(known.X, observed).predict(X)
        # Predictions are shrunk towards 1, more if the trees disagree: measured ones come first.
        believed = predicted + (1.0 - _IMPUTED_TRUST) * (1.0 - predicted) + 0.5 * doubt
        regret[unknown] = np.clip(believed, 0.0, 1.0)
        logs[unknown] = ForestPredictor(seed).fit(known.X, log_seconds).predict(X)[0]
    return regret, logs


def _needed(whole: Portfolio) -> Portfolio:
    """Keep only configurations that some bucket chooses or that were best on some dataset."""
    used: dict[int, None] = {}
    for problem in ProblemKind:
        for rows in (1, SMALL_ROWS, MEDIUM_ROWS):
            used.update(dict.fromkeys(whole.order_for(problem, rows)))
    for best in whole.best:
        used.update(dict.fromkeys(best))
    places = list(used)
    now_at = {place: at for at, place in enumerate(places)}
    return Portfolio(
        configurations=tuple(whole.configurations[place] for place in places),
        regrets=whole.regrets[places],
        costs=whole.costs[places],
        datasets=whole.datasets,
        contents=whole.contents,
        problems=whole.problems,
        n_rows=whole.n_rows,
        meta=whole.meta,
        best=tuple(tuple(now_at[place] for place in best) for best in whole.best),
        statements=whole.statements,
    )
