"""Shares of a guided search's trials by proposing source, adapted to their success."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping, Sequence

from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES
from espalier.pipelines.trials.history import History

# Shares of eight trials. A successful source may double its share, an unsuccessful one keeps half.
# More than one in eight for all but gp was no better in the replays (docs/decisions/0008).
_SHARES: Mapping[str, float] = {"gp": 7.0, "tpe": 0.4, "nsga2": 0.2, "random": 0.4}
_PAYS_AT_MOST, _PAYS_AT_LEAST = 2.0, 0.5
# A trial was a success for its source if it was among this share of the best at its time.
_TOP = 0.1


def source_of(origin: str) -> str:
    """Return the source, such as ``gp``, that a trial's origin belongs to."""
    if origin == "evolution":  # in records of before 0.2 a child of the genetic algorithm
        return "nsga2"
    return "gp" if origin in (ASCENT, CANDIDATES) else origin


def shares(history: History) -> Mapping[str, float]:
    """Return the weight of each source after these trials; they need not sum to one."""
    tried: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    seen: list[float] = []  # ascending
    for result in history.ordered:
        source = source_of(result.trial.origin)
        gain = history.gain(result) if result.succeeded else -float("inf")
        tried[source] += source in _SHARES
        better = len(seen) - bisect_left(seen, gain)
        if source in _SHARES and result.succeeded and better < max(1.0, _TOP * len(seen)):
            paid[source] += 1
        insort(seen, gain)
    rate = (1 + sum(paid.values())) / (2 + sum(tried.values()))
    return {
        source: base
        * min(
            _PAYS_AT_MOST,
            max(_PAYS_AT_LEAST, (1 + paid[source]) / (1 + rate * tried[source])),
        )
        for source, base in _SHARES.items()
    }


def share_out(history: History, pending: Sequence[str], n: int) -> list[str]:
    """Return the source of each of the next ``n`` trials.

    Each trial goes to the source that is furthest behind its share, so that the shares hold over
    any stretch, without randomness.

    Parameters
    ----------
    history : History
        Trials that have ended.
    pending : sequence of str
        Origins of the trials that are running.
    n : int
        Number of trials.
    """
    weight = shares(history)
    total = sum(weight.values())
    origins = [result.trial.origin for result in history.ordered] + list(pending)
    count = Counter(source for source in map(source_of, origins) if source in weight)
    chosen = []
    for _ in range(n):
        n_all = sum(count.values()) + 1
        behind = {source: weight[source] / total * n_all - count[source] for source in weight}
        source = max(behind, key=behind.__getitem__)
        count[source] += 1
        chosen.append(source)
    return chosen


def ascent_win_rate(history: History) -> float | None:
    """Return how often ascent beat 2,000 random candidates; None if it was never tried."""
    origins = Counter(result.trial.origin for result in history.results)
    compared = origins[ASCENT] + origins[CANDIDATES]
    return origins[ASCENT] / compared if compared else None
