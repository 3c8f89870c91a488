"""The combiners, with one interface: each turns a library into a combination."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.blend import blend
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace, Floats
from espalier.pipelines.ensemble.library import Library
from espalier.pipelines.ensemble.row_blocks import independent_units, row_blocks
from espalier.pipelines.ensemble.selection import (
    best_single,
    convex_stagewise,
    greedy_selection,
    plain_average,
)
from espalier.pipelines.ensemble.stacking import fit_stack
from espalier.pipelines.ensemble.stagewise import choose_stages, stagewise_path
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.mixture_scorer import MixtureScorer, make_scorer
from espalier.pipelines.resources.budget import NEVER, Deadline

SHRINKAGE = 0.1
MAX_STAGES = 80
INNER_BLOCKS = 4
# Below this many rows every inner block is left out in turn; above, leaving out two is enough.
FEW_ROWS = 3_000
# The metric itself is costly, so selections by it see fewer rows, candidates and steps.
SELECTION_ROWS = 5_000
SELECTION_CANDIDATES = 15
SELECTION_STEPS = 30
STACK_PENALTIES = (1e-3, 1e-2, 1e-1)
# Members with less than this share of the weight are not worth their cost in serving.
SMALLEST_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinerSettings:
    """Settings that every combiner gets along with the library.

    Attributes
    ----------
    metric : Metric
        The metric to optimise.
    max_members : int
        Largest number of members.
    seed : int
        Seed of inner splits and row samples.
    deadline : Deadline
        When a combiner must be fitted; after it, fitting raises a `TimeoutError`.
    """

    metric: Metric
    max_members: int
    seed: int
    deadline: Deadline = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Combiner:
    """A rule that turns a library into weights.

    Attributes
    ----------
    name : str
        Name in the report.
    fit : callable (Library, CombinerSettings) -> Combination
        Returns weights in the order of the library's candidates; zero for those left out.
    simplicity : int
        Rank among the combiners, 0 for the simplest; of equally good ones the simplest is chosen.
    parts : tuple of Combiner
        The combiners that this one is the mean of (see `mean_of`); empty for others.
    """

    name: str
    fit: Callable[[Library, CombinerSettings], Combination]
    simplicity: int
    parts: "tuple[Combiner, ...]" = ()


def _scored(library: Library, settings: CombinerSettings) -> tuple[Floats, MixtureScorer, Floats]:
    """Return reduced predictions, their scorer and each candidate's score, on a sample of rows."""
    part = library
    if len(library.y) > SELECTION_ROWS:
        n_blocks = int(np.ceil(len(library.y) / SELECTION_ROWS))
        blocks = row_blocks(library, n_blocks, seed=settings.seed, whole_groups=False)
        part = library.part(np.flatnonzero(blocks == 0))
    scorer = make_scorer(settings.metric, part.y, part.problem, part.sample_weight)
    reduced = scorer.reduce(part.predictions)
    scores = np.asarray([scorer.score(one, None) for one in reduced])
    return reduced, scorer, np.where(np.isfinite(scores), scores, -np.inf)


def _mean(library: Library, weights: Floats, settings: CombinerSettings) -> Combination:
    """Return the combination in probability space, without members of small weight."""
    kept = _largest(weights, settings.max_members)
    return Combination(
        problem=library.problem,
        space=CombinationSpace.PROBABILITY,
        weights=tuple((np.where(kept, weights, 0.0) / weights[kept].sum()).tolist()),
        floor=library.floor,
    )


def _largest(weights: Floats, max_members: int) -> NDArray[np.bool_]:
    """Return a mask of the weights that are large enough to keep, shape (m,); at least one is."""
    order = np.argsort(-weights, kind="stable")[:max_members]
    kept = np.zeros(len(weights), dtype=bool)
    kept[order] = weights[order] >= SMALLEST_SHARE * weights.sum()
    return kept


def _single(library: Library, settings: CombinerSettings) -> Combination:
    _, _, scores = _scored(library, settings)
    return _mean(library, best_single(scores), settings)


def _average(library: Library, settings: CombinerSettings) -> Combination:
    _, _, scores = _scored(library, settings)
    best = np.argsort(-scores, kind="stable")[: settings.max_members]
    weights = np.zeros(len(library))
    weights[best] = plain_average(scores[best])
    return _mean(library, weights, settings)


def _greedy(library: Library, settings: CombinerSettings) -> Combination:
    reduced, scorer, scores = _scored(library, settings)
    weights = greedy_selection(
        reduced,
        scorer,
        scores,
        n_choices=SELECTION_STEPS,
        n_candidates=SELECTION_CANDIDATES,
        deadline=settings.deadline,
    )
    return _mean(library, weights, settings)


def _convex(library: Library, settings: CombinerSettings) -> Combination:
    reduced, scorer, scores = _scored(library, settings)
    weights = convex_stagewise(
        reduced,
        scorer,
        scores,
        shrinkage=SHRINKAGE,
        n_stages=SELECTION_STEPS,
        n_candidates=SELECTION_CANDIDATES,
        deadline=settings.deadline,
    )
    return _mean(library, weights, settings)


def _stagewise(library: Library, settings: CombinerSettings) -> Combination:
    if independent_units(library) < 2:
        return _single(library, settings)

    def path(part: Library) -> tuple[Floats, Floats]:
        blocks = row_blocks(part, INNER_BLOCKS, seed=settings.seed)
        stages = choose_stages(
            part.link,
            part.loss_of,
            blocks,
            shrinkage=SHRINKAGE,
            max_stages=MAX_STAGES,
            n_checks=_n_checks(blocks),
            deadline=settings.deadline,
        )
        found = stagewise_path(
            part.link,
            part.loss,
            shrinkage=SHRINKAGE,
            max_stages=stages,
            deadline=settings.deadline,
        )
        return found.weights[-1], found.intercept(len(found))

    return _sparse_link(library, settings, path)


def _stack(library: Library, settings: CombinerSettings) -> Combination:
    if independent_units(library) < 2:
        return _single(library, settings)
    blocks = row_blocks(library, INNER_BLOCKS, seed=settings.seed)
    losses = np.zeros(len(STACK_PENALTIES))
    for block in range(_n_checks(blocks)):
        fitted, checked = np.flatnonzero(blocks != block), np.flatnonzero(blocks == block)
        part, loss = library.link[:, fitted], library.loss_of(fitted)
        check, check_loss = library.link[:, checked], library.loss_of(checked)
        for position, penalty in enumerate(STACK_PENALTIES):
            weights, intercept = fit_stack(part, loss, penalty=penalty, deadline=settings.deadline)
            F = intercept + np.tensordot(weights, check, axes=1)
            losses[position] += check_loss.value(F)
    penalty = STACK_PENALTIES[int(np.argmin(losses))]
    return _sparse_link(
        library,
        settings,
        lambda part: fit_stack(part.link, part.loss, penalty=penalty, deadline=settings.deadline),
    )


def _sparse_link(
    library: Library,
    settings: CombinerSettings,
    fit: Callable[[Library], tuple[Floats, Floats]],
) -> Combination:
    """Fit to all candidates, then again to only those with enough weight."""
    weights, intercept = fit(library)
    kept = _largest(weights, settings.max_members)
    if not weights.sum() > 0:
        # No candidate beats the constant; a model is still needed, so the best candidate is used.
        return _single(library, settings)
    if not kept.all() and weights[~kept].sum() > 0:
        positions = np.flatnonzero(kept)
        few, intercept = fit(library.candidates(positions))
        if not few.sum() > 0:
            return _single(library, settings)
        weights = np.zeros(len(library))
        weights[positions] = few
    return Combination(
        problem=library.problem,
        space=CombinationSpace.LINK,
        weights=tuple(weights.tolist()),
        intercept=tuple(np.asarray(intercept).tolist()),
        floor=library.floor,
    )


def _n_checks(blocks: NDArray[np.int64]) -> int:
    """Return how many of the inner blocks to leave out in turn."""
    return min(int(blocks.max()) + 1, INNER_BLOCKS if len(blocks) < FEW_ROWS else 2)


def mean_of(
    rules: Sequence[Combination], library: Library, settings: CombinerSettings
) -> Combination:
    """Return the mean of several fits to a library, without members of small weight."""
    mean = blend(rules, width=library.link.shape[2])
    weights = np.asarray(mean.weights)
    kept = _largest(weights, settings.max_members)
    scale = weights.sum() / weights[kept].sum()
    return replace(mean, weights=tuple((np.where(kept, weights, 0.0) * scale).tolist()))


def _blend(library: Library, settings: CombinerSettings) -> Combination:
    rules = [part.fit(library, settings) for part in BLEND.parts]
    return mean_of(rules, library, settings)


SINGLE = Combiner(name="best single", fit=_single, simplicity=0)
STAGEWISE = Combiner(name="stagewise", fit=_stagewise, simplicity=3)
CONVEX = Combiner(name="convex stagewise", fit=_convex, simplicity=1)
GREEDY = Combiner(name="greedy selection", fit=_greedy, simplicity=2)
STACK = Combiner(name="linear stack", fit=_stack, simplicity=4)
AVERAGE = Combiner(name="plain average", fit=_average, simplicity=6)
BLEND = Combiner(name="blend", fit=_blend, simplicity=5, parts=(GREEDY, STAGEWISE, STACK))
COMBINERS: tuple[Combiner, ...] = (SINGLE, CONVEX, *BLEND.parts, BLEND, AVERAGE)
