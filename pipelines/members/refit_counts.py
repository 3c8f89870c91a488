"""How many refits of a member serve: of several seeds, averaged, where time and latency allow.

Models that differ by their seed alone, each fitted to all rows, lower the error of boosters by
about half a percent when averaged, and seldom raise it. The models of folds, which lack rows, do so
less surely (docs/decisions/0103).
"""

from collections.abc import Sequence
from dataclasses import replace

from espalier.pipelines.evaluation.fold_models import n_served
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.members.cost import RefitTime, refit_seconds
from espalier.pipelines.members.serving_limits import operations, row_ms, size_mb
from espalier.pipelines.members.serving_mode import RefitMode
from espalier.pipelines.trials.trial import TrialResult

COUNTS = (5, 3)
"""Refits of one member, the first number that fits; otherwise one."""
QUICK_ROW_MS = 15.0
"""Milliseconds that members may take for one row with further refits, unless there is a limit on
latency: 20, less what preparing the row and combining the answers take."""
SMALL_MB = 100.0
"""MiB that the refits of one member may have."""
# Estimates are rough, and what comes after the refits must not wait for them.
_MARGIN = 2.0


def refit_counts(
    time: RefitTime, results: Sequence[TrialResult], ways: Sequence[RefitMode | None]
) -> tuple[int, ...]:
    """Return how many refits of each result serve, heaviest first.

    More than one only with ``serving`` auto and a deadline: a run without a clock gives the same
    model on every machine. The limits hold for all members together.

    Parameters
    ----------
    time : RefitTime
        The time and the limits.
    results : sequence of TrialResult
        The members, heaviest first.
    ways : sequence of RefitMode or None
        How they serve, from `RefitTime.plan`.
    """
    counts = [1] * len(results)
    if time.serving != "auto" or time.deadline.at is None:
        return tuple(counts)
    limits = time.limits
    if limits.max_latency_ms is None:
        limits = replace(limits, max_latency_ms=QUICK_ROW_MS)
    planned = [
        (each, 1 if way is RefitMode.REFIT else n_served(each))
        for each, way in zip(results, ways, strict=True)
        if way is not None
    ]
    row = sum(n * row_ms(each) for each, n in planned)
    size = sum(n * size_mb(each) for each, n in planned)
    done = sum(n * operations(each) for each, n in planned)
    left = time.n_workers * max(0.0, time.deadline.seconds_left - time.finish.fixed)
    left -= sum(
        (refit_seconds(each) if way is RefitMode.REFIT else 0.0)
        + time.n_workers * time.finish.of_member(each, way)
        for each, way in zip(results, ways, strict=True)
        if way is not None
    )
    for position, (result, way) in enumerate(zip(results, ways, strict=True)):
        if way is not RefitMode.REFIT or not _varies(result):
            continue
        one = refit_seconds(result) + time.n_workers * time.finish.of_member(result)
        for count in COUNTS:
            more = count - 1
            row_now, size_now = row + more * row_ms(result), size + more * size_mb(result)
            done_now = done + more * operations(result)
            small = count * size_mb(result) <= SMALL_MB
            admitted = limits.admit(row_now, size_now, done_now)
            # The slowest fit must end in time too, whatever the number of workers.
            timely = _MARGIN * max(more, time.n_workers) * one <= left
            if small and admitted and timely:
                counts[position] = count
                row, size, done = row_now, size_now, done_now
                left -= _MARGIN * more * one
                break
    return tuple(counts)


def _varies(result: TrialResult) -> bool:
    """Whether refits of this result differ by their seed, and end in time with a usable model."""
    configuration = result.trial.configuration
    learner = LEARNERS.get(configuration.family)
    if learner is None or learner.varies is None or not learner.anytime:
        return False
    return learner.varies(configuration.model_values)
