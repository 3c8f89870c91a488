"""How forecasts are combined: weights for each block of the horizon, or a median.

Weights of a block are shrunk to those of the whole horizon, as a block has fewer rows to learn
them from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combiners import SMALLEST_SHARE
from espalier.pipelines.ensemble.horizon.records import Floats, ForecastRecords
from espalier.pipelines.ensemble.library import Library
from espalier.pipelines.ensemble.selection import convex_stagewise, greedy_selection
from espalier.pipelines.ensemble.stacking import fit_stack
from espalier.pipelines.metrics.mixture_scorer import MixtureScorer
from espalier.pipelines.metrics.objective import LossKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator

MOST_BLOCKS = 4
# Independent cells (series x origins) at which a block's own weights count half.
HALF_CELLS = 60.0
# Rows and candidates that weights are fitted to.
MOST_ROWS = 20_000
MOST_CANDIDATES = 16
STEPS = 40
SHRINKAGE = 0.1
# The linear stack starts from equal weights of a few; a weaker pull to them loses on left-out rows.
STACK_PENALTY, STACK_CANDIDATES, STACK_OF_FAMILY = 3.0, 8, 2
LEAST_ROWS = 8

Fit = Callable[[Library, list[int], Deadline], Floats]
Weights = dict[Fit, Floats]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForecastRule:
    """A way to combine the forecasts of some trials.

    Attributes
    ----------
    numbers : tuple of int, length k
        Trial numbers of the members.
    weights : array, shape (B, k)
        Weights of each block of the horizon; what is missing from 1 goes to the base forecast.
    median : bool
        Whether the members' median is taken and the weights only say who takes part.
    """

    numbers: tuple[int, ...]
    weights: Floats
    median: bool = False

    def apply(self, made: Floats) -> Floats:
        """Return the combined forecasts in units, shape (..., H), of members (k, ..., H)."""
        if self.median:
            return np.asarray(np.median(made[self.weights[0] > 0], axis=0))
        blocks = horizon_blocks(made.shape[-1], len(self.weights))
        by_step = self.weights[blocks]  # (H, k)
        return np.asarray(np.einsum("hk,k...h->...h", by_step, made))

    def sparse(self) -> "ForecastRule":
        """Return the rule without members of hardly any weight; the others take theirs over."""
        share = self.weights.max(axis=0)
        return self.only(np.flatnonzero(share >= min(SMALLEST_SHARE, float(share.max()))).tolist())

    def scaled(self, share: float) -> "ForecastRule":
        """Return the rule with that share of its weights; the rest goes to the base forecast."""
        return replace(self, weights=share * self.weights)

    def only(self, there: Sequence[int]) -> "ForecastRule":
        """Return the rule of the members at these places, who take over the others' weight."""
        weights = self.weights[:, list(there)]
        if not self.median:
            total = self.weights.sum(axis=1, keepdims=True)
            left = weights.sum(axis=1, keepdims=True)
            weights = np.where(left > 0, weights * total / np.maximum(left, 1e-12), weights)
        numbers = tuple(self.numbers[place] for place in there)
        return ForecastRule(numbers=numbers, weights=weights, median=self.median)


def horizon_blocks(horizon: int, n_blocks: int) -> NDArray[np.int64]:
    """Return the block that each step belongs to, shape (H,)."""
    return np.arange(horizon) * n_blocks // horizon


def n_blocks_of(horizon: int) -> int:
    """Return the number of blocks of a horizon: a block has two steps at least."""
    return max(1, min(MOST_BLOCKS, horizon // 2))


def _scored(library: Library) -> tuple[Floats, MixtureScorer, Floats]:
    """Return the forecasts of shape (k, n, 1), their scorer and each one's score."""
    power = 2 if library.objective.loss is LossKind.SQUARED else 1

    def score(mixture: Floats, rows: NDArray[Any] | None) -> float:
        part = slice(None) if rows is None else rows
        away = np.abs(mixture[part, 0] - library.y[part])
        return -float(np.mean(away if power == 1 else away * away))

    scorer = MixtureScorer(lambda made: np.asarray(made, dtype=np.float64)[..., None], score)
    reduced = scorer.reduce(library.predictions)
    return reduced, scorer, np.asarray([score(one, None) for one in reduced])


def _greedy(library: Library, few: list[int], deadline: Deadline) -> Floats:  # noqa: ARG001
    reduced, scorer, scores = _scored(library)
    return greedy_selection(
        reduced,
        scorer,
        scores,
        n_choices=STEPS,
        n_candidates=MOST_CANDIDATES,
        deadline=deadline,
    )


def _convex(library: Library, few: list[int], deadline: Deadline) -> Floats:  # noqa: ARG001
    reduced, scorer, scores = _scored(library)
    return convex_stagewise(
        reduced,
        scorer,
        scores,
        shrinkage=SHRINKAGE,
        n_stages=STEPS,
        n_candidates=MOST_CANDIDATES,
        deadline=deadline,
    )


def _stack(library: Library, few: list[int], deadline: Deadline) -> Floats:
    part = library.candidates(few)
    found, _ = fit_stack(part.link, part.loss, penalty=STACK_PENALTY, deadline=deadline)
    weights = np.zeros(len(library))
    # Without an intercept, and never more than the whole: a forecast is not blown up.
    weights[few] = found / max(1.0, float(found.sum()))
    return weights


def few_of(records: ForecastRecords, order: Sequence[int], few: int, of_family: int) -> list[int]:
    """Return the positions of the first ``few`` in this order, ``of_family`` of each at most."""
    families = records.families or tuple(str(number) for number in records.numbers)
    count: dict[str, int] = {}
    chosen: list[int] = []
    for place in order:
        family = families[place]
        count[family] = count.get(family, 0) + 1
        if count[family] <= of_family and len(chosen) < few:
            chosen.append(int(place))
    return chosen


def _by_block(
    records: ForecastRecords, cells: NDArray[np.bool_], fit: Fit, seed: int, deadline: Deadline
) -> Floats:
    """Return weights of every block, shape (B, k), shrunk to those of the whole horizon."""
    horizon = records.actual.shape[2]
    rng = generator(seed, "forecast weights")
    everything = records.rows(cells, MOST_ROWS, rng)
    few = few_of(records, range(len(records)), STACK_CANDIDATES, STACK_OF_FAMILY)
    pooled = fit(everything, few, deadline)
    count = n_blocks_of(horizon)
    weights = np.tile(pooled, (count, 1))
    if count == 1:
        return weights
    blocks = horizon_blocks(horizon, count)
    independent = float((cells & records.known).any(axis=2).sum())
    share = independent / (independent + HALF_CELLS)
    for block in range(count):
        rows = records.rows(cells & (blocks == block), MOST_ROWS // count, rng)
        if len(rows.y) >= LEAST_ROWS and share > 0.1:
            weights[block] = share * fit(rows, few, deadline) + (1.0 - share) * pooled
    return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCombiner:
    """A named way to find a rule: learned weights, or the plain best few.

    Attributes
    ----------
    name : str
        Name in the report.
    fits : tuple of callable
        Learned weightings, of which the mean is taken; empty for the best few.
    few : int
        Number of best trials that take part alike.
    of_family : int
        Most of them of one family: the best trials are often of one, and err alike.
    median : bool
        Whether their median is taken instead of their mean.
    parts : tuple of ForecastCombiner
        Combiners of which the mean is taken; empty for others.
    """

    name: str
    fits: tuple[Fit, ...] = ()
    few: int = 1
    of_family: int = 1
    median: bool = False
    parts: "tuple[ForecastCombiner, ...]" = ()

    def fit(
        self,
        records: ForecastRecords,
        cells: NDArray[np.bool_],
        seed: int,
        deadline: Deadline = NEVER,
        known: Weights | None = None,
    ) -> ForecastRule:
        """Return the rule that these cells, (W, S, H), give.

        ``known`` remembers weightings of the same cells for other combiners.

        Raises
        ------
        TimeoutError
            The deadline passed.
        """
        known = {} if known is None else known
        if self.parts:
            rules = [each.fit(records, cells, seed, deadline, known) for each in self.parts]
            n_blocks = max(len(each.weights) for each in rules)
            together = [np.broadcast_to(r.weights, (n_blocks, len(records))) for r in rules]
            return ForecastRule(numbers=records.numbers, weights=np.mean(together, axis=0))
        if not self.fits:
            weights = np.zeros((1, len(records)))
            weights[0, few_of(records, _order(records, cells), self.few, self.of_family)] = 1.0
            weights /= weights.sum()
            return ForecastRule(numbers=records.numbers, weights=weights, median=self.median)
        for each in self.fits:
            if each not in known:
                known[each] = _by_block(records, cells, each, seed, deadline)
        mean = np.mean([known[each] for each in self.fits], axis=0)
        return ForecastRule(numbers=records.numbers, weights=mean)


def _order(records: ForecastRecords, cells: NDArray[np.bool_]) -> list[int]:
    """Return the candidates' positions, the best on these cells first."""
    known = cells & records.known
    power = 2 if records.loss == "rmse" else 1
    losses = [
        float((np.abs(made[known] - records.actual[known]) ** power).sum()) for made in records.made
    ]
    order: list[int] = np.argsort(losses, kind="stable").tolist()
    return order


BEST = ForecastCombiner(name="best single")
GREEDY = ForecastCombiner(name="greedy selection", fits=(_greedy,))
CONVEX = ForecastCombiner(name="convex stagewise", fits=(_convex,))
STACK = ForecastCombiner(name="linear stack", fits=(_stack,))
MEAN = ForecastCombiner(name="mean of the best", few=4)
BLEND = ForecastCombiner(name="blend", parts=(GREEDY, CONVEX, STACK, MEAN))
FORECAST_COMBINERS: tuple[ForecastCombiner, ...] = (
    BLEND,
    GREEDY,
    CONVEX,
    STACK,
    MEAN,
    ForecastCombiner(name="median of the best", few=7, of_family=2, median=True),
    BEST,
)
"""The combiners; of about equally good ones the first is chosen."""
