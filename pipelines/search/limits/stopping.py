"""When a search is over, and how long one trial may take."""

from collections import Counter
from collections.abc import Set

from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialStatus

# The error of a trial that the end of the search cut off.
TIME_IS_SPENT = "stopped: the time for the search is spent"
# With this many trials and not one success, more trials will not help.
HOPELESS_TRIALS = 40
# A search with a time budget ends when its predictor expects nothing more: several batches in a row
# that were each expected to gain less than this many standard errors of a score; but not before
# there are enough trials for an ensemble. (A number of trials that was asked for is always run, and
# so is the time by which a finished run is extended.)
NOTHING_TO_GAIN = "three batches in a row were expected to gain less than half a standard error"
SETTLED_BATCH, SETTLED_BATCHES = 4, 3
SETTLED_GAIN = 0.5
SETTLED_FROM = 100
# A trial that a search starts with so little time left could only be killed: this many seconds,
# or a share of what the quickest trial so far took.
SHORTEST_TRIAL_SECONDS = 0.25
_QUICKEST_SHARE = 0.75
# Before anything has succeeded no trial may take more than this share of the time left, so that
# one slow model cannot be all that a run tries; afterwards it may take more.
_FIRST_SHARE = 0.25
# Where time is so short that this share would be too little for anything, it may be this many
# seconds, up to a larger share; and each trial that was stopped without a model says that the next
# needs more. Estimates are not used for it: on a busy machine they are wrong by a factor.
_FIRST_SECONDS = 6.0
_FIRST_SHARE_AT_MOST = 0.6
_LONGER = 1.5
_LATER_SHARE = 0.5
_USUAL_LENGTHS = 1.5


def trials_left(history: History, budget: Budget, n_pending: int = 0) -> int | None:
    """Return how many more trials may be started; None for any number."""
    if budget.trials is None:
        return None
    return max(budget.trials - len(history) - n_pending, 0)


def has_settled(history: History) -> bool:
    """Whether three batches in a row were expected to gain less than half a standard error.

    The expected gain of a batch is the mean over its trials that have one, for each of the four:
    each was chosen given the predictions for those before it. Trials of chance have none, nor have
    those for which a better family was barred: how little they promise says nothing about what
    there is to gain. A batch of only such trials is passed over.
    """
    ended = Counter(number // SETTLED_BATCH for number in history.numbers)
    expected: dict[int, list[float]] = {}
    for each in history.results:
        batch = each.trial.number // SETTLED_BATCH
        if each.trial.expected_gain is not None and ended[batch] == SETTLED_BATCH:
            expected.setdefault(batch, []).append(each.trial.expected_gain)
    last = sorted(expected)[-SETTLED_BATCHES:]
    return (
        len(history) >= SETTLED_FROM
        and len(last) == SETTLED_BATCHES
        and all(
            SETTLED_BATCH * sum(expected[batch]) < SETTLED_GAIN * len(expected[batch])
            for batch in last
        )
    )


def ends_early(history: History, budget: Budget, taken_over: Set[int] = frozenset()) -> bool:
    """Whether a search ends before its time because nothing is left to gain.

    Never for a number of trials alone, and never for a run that extends another: its time was
    asked for when that one had ended, and its trials would count as settled at once.
    """
    return budget.seconds is not None and not taken_over and has_settled(history)


def ended_early(
    history: History, budget: Budget, spare: Deadline, taken_over: Set[int] = frozenset()
) -> str | None:
    """Return a message for people if a search ended before its time; None otherwise.

    Parameters
    ----------
    history, budget, taken_over
        As for `why_over`.
    spare : Deadline
        Until when it could have gone on.
    """
    if spare.passed or not ends_early(history, budget, taken_over):
        return None
    return (
        f"the search ended early: {NOTHING_TO_GAIN}, and longer training of the leaders was no "
        "better"
    )


def why_over(
    history: History,
    budget: Budget,
    deadline: Deadline,
    n_pending: int = 0,
    taken_over: Set[int] = frozenset(),
) -> str | None:
    """Return why no further trial may start, as a message; None if one may.

    Parameters
    ----------
    history : History
        Trials that have ended.
    budget : Budget
        What the run may spend.
    deadline : Deadline
        When the search must be over.
    n_pending : int
        Number of trials that have started and not ended.
    taken_over : set of int
        Numbers of the trials of another run that this one extends; they end nothing.
    """
    if trials_left(history, budget, n_pending) == 0:
        return f"all {budget.trials} trials are done"
    if deadline.seconds_left < _shortest(history):
        return "the time for the search is spent"
    own = len(history.numbers - taken_over)
    if own >= HOPELESS_TRIALS and not history.successes:
        return f"the first {own} trials all failed"
    if ends_early(history, budget, taken_over):
        return NOTHING_TO_GAIN
    return None


def _shortest(history: History) -> float:
    quickest = min((result.seconds for result in history.successes), default=0.0)
    return max(SHORTEST_TRIAL_SECONDS, _QUICKEST_SHARE * quickest)


def trial_seconds_limit(deadline: Deadline, history: History, n_workers: int) -> float | None:
    """Return the seconds that a trial started now may take; None without a deadline.

    Parameters
    ----------
    deadline : Deadline
        When the search must be over.
    history : History
        Trials that have ended: the first success must come early, later trials may take longer.
    n_workers : int
        Trials that run at the same time: one trial may block one of many workers for longer than a
        single one.
    """
    left = deadline.seconds_left
    if left == float("inf"):
        return None
    if not history.successes:
        enough = min(_FIRST_SECONDS, _FIRST_SHARE_AT_MOST * left)
        stopped = max(
            (each.seconds for each in history.results if each.status is TrialStatus.TIMEOUT),
            default=0.0,
        )
        longer = min(_LONGER * stopped, left)
        return max(_FIRST_SHARE * left, enough, longer, SHORTEST_TRIAL_SECONDS)
    share = min(0.75, _LATER_SHARE + 0.05 * max(n_workers - 2, 0))
    # Towards the end a share of the time left is too short for anything; then a trial of the
    # usual length may take the rest.
    usual = min(_USUAL_LENGTHS * (typical_seconds(history) or 0.0), left)
    return max(share * left, usual, SHORTEST_TRIAL_SECONDS)


def typical_seconds(history: History) -> float | None:
    """Return the median seconds of the trials so far; None if none has run."""
    seconds = sorted(result.seconds for result in history.results if result.seconds > 0)
    return seconds[len(seconds) // 2] if seconds else None


def hopeless_families(history: History) -> frozenset[str]:
    """Return the families that never succeeded in three trials or more.

    A missing native library or a table that a family cannot take shows in its first trials.
    """
    bad: dict[str, int] = {}
    for result in history.results:
        if result.status in (TrialStatus.FAILED, TrialStatus.MEMOUT, TrialStatus.TIMEOUT):
            family = result.trial.configuration.family
            bad[family] = bad.get(family, 0) + 1
    good = {result.trial.configuration.family for result in history.successes}
    return frozenset(family for family, count in bad.items() if count >= 3 and family not in good)
