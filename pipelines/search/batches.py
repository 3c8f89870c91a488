"""Batches of a search that counts only trials: the same ones at any number of workers.

Trials come in batches of a fixed size. A batch is chosen knowing all results up to the batch
before the last one, and which trials the last one holds; so it follows from the trials before it,
whatever the order they ended in. Two batches are under way at a time: while the last trials of one
are running, idle workers begin the next.
"""

from collections.abc import Sequence

from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.limits.stopping import trials_left, why_over
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

BATCH_SIZE = 4
UNDER_WAY = 2
"""Batches that may be under way."""


def next_in_line(plan: SearchPlan, history: History, pending: Sequence[Trial]) -> list[Trial]:
    """Return the trials of the batches under way that are neither done nor pending.

    An interrupted batch is proposed again unchanged, and only trials without a result are run.
    """
    first = _first_incomplete(plan, history)
    if first is None:
        return []
    there = history.numbers | {trial.number for trial in pending}
    trials: list[Trial] = []
    for start in range(first, first + UNDER_WAY * BATCH_SIZE, BATCH_SIZE):
        if set(_numbers(plan, start)) <= there:
            continue
        if _is_hopeless(plan, history, start):
            break
        batch = _batch(plan, history, (*pending, *trials), start)
        trials += [trial for trial in batch if trial.number not in there]
    # A run that was extended may have gaps in its numbers; not all of them are to be filled.
    return trials[: trials_left(history, plan.budget, len(pending))]


def first_unfinished(plan: SearchPlan, history: History) -> frozenset[int]:
    """Return the numbers of the batch that must be complete before another one is chosen."""
    first = _first_incomplete(plan, history)
    return frozenset() if first is None else frozenset(_numbers(plan, first))


def _batch(plan: SearchPlan, history: History, pending: Sequence[Trial], start: int) -> list[Trial]:
    """Return the trials of the batch that begins with the number ``start``."""
    before = max(0, start - BATCH_SIZE)
    known = {each.trial.number: each.trial for each in history.results}
    known |= {trial.number: trial for trial in pending}
    last = range(before, start)
    if not known.keys() >= set(last):
        known = {each.number: each for each in _batch(plan, history, pending, before)} | known
    return propose_trials(
        plan.space,
        history.before(before),
        n=len(_numbers(plan, start)),
        seed=plan.seed,
        pending=[known[number] for number in last if number in known],
        strategy=plan.strategy,
        warm_start=plan.warm_start,
        proposed=plan.proposed,
        n_folds=plan.n_folds,
        prior=plan.prior,
        racing=plan.racing,
        aims=plan.aims,
    )


def _numbers(plan: SearchPlan, start: int) -> range:
    return range(start, max(start, min(start + BATCH_SIZE, plan.budget.trials or 0)))


def _first_incomplete(plan: SearchPlan, history: History) -> int | None:
    """Return the first number of the first batch with a trial that has no result."""
    known = history.numbers
    for start in range(0, plan.budget.trials or 0, BATCH_SIZE):
        if not known >= set(_numbers(plan, start)):
            return start
    return None


def _is_hopeless(plan: SearchPlan, history: History, start: int) -> bool:
    """Whether the search should end, judged by the results that this batch depends on."""
    known = history.before(max(0, start - BATCH_SIZE))
    over = why_over(known, plan.budget, Deadline(None), taken_over=plan.taken_over)
    return over is not None
