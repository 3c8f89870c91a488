"""How sure one comparison must be, so that all comparisons of a year together are.

A model that is retrained every week is compared 52 times a year, largely on the same held-out
rows. If each comparison may be wrong with probability a = 5 %, an equally good challenger becomes
champion sooner or later. So a is spent over the year (alpha spending: Lan, DeMets 1983, "Discrete
sequential boundaries for clinical trials"):

- half of it is there at the start, and never more than half is kept;
- the other half arrives evenly over 365 days;
- a comparison spends half of what is there.

In any 365 days, whatever was there at the beginning (a / 2 at most) and what arrived since (a / 2)
bound what was spent, so by Bonferroni the probability that any challenger that is no better was
promoted is at most a, however often and whenever it is compared, on the same rows or on others.
The first comparison is made at a / 4, weekly ones settle at a / 104, yearly ones at 3 a / 8.

Looking again at what was seen already costs nothing: the same two versions on the same held-out
rows are compared at the same level as before.

See docs/decisions/0044-many-looks-at-one-holdout.md.
"""

from collections.abc import Hashable, Sequence

from espalier.pipelines.lifecycle.promotion.decision import Decision

MOST_KEPT = 0.5
ARRIVES_A_YEAR = 0.5
SPENT_AT_ONCE = 0.5
HELD_OUT = "held out"
YEAR_MS = 365 * 24 * 3600 * 1000


def confidence_of_look(
    confidence: float,
    decisions: Sequence[Decision],
    now_ms: int,
    *,
    same_as: Hashable | None = None,
) -> float:
    """Return the confidence level for one comparison.

    Parameters
    ----------
    confidence : float
        Confidence level of all comparisons of a year together, in (0.5, 1).
    decisions : sequence of Decision
        The decision log of the model, in its order.
    now_ms : int
        The time of the comparison, in milliseconds since 1970.
    same_as : hashable or None
        `look_key` of this comparison.
    """
    return 1.0 - (1.0 - confidence) * _share(decisions, now_ms, same_as)


def is_look(decision: Decision) -> bool:
    """Whether a decision was made by a comparison that could have promoted the challenger."""
    return "low" in decision.numbers and decision.policy.get("mode") != "never"


def look_key(
    champion: int | None, challenger: int | None, rows: str | None, metric: str | None
) -> Hashable | None:
    """Return what identifies a comparison on rows that cannot change, or None.

    Parameters
    ----------
    champion, challenger : int or None
        The versions.
    rows : str or None
        ``held out`` for the hold-outs of both trainings; others may change.
    metric : str or None
        The metric that was asked for; None for the models' own.
    """
    known = champion is not None and challenger is not None and rows == HELD_OUT
    return (champion, challenger, metric) if known else None


def _share(decisions: Sequence[Decision], now_ms: int, same_as: Hashable | None) -> float:
    """Return the share of the allowed error that a comparison may spend now."""
    there, before = MOST_KEPT, None
    shares: dict[Hashable, float] = {}
    looks: list[tuple[int, Hashable | None]] = [
        (each.at_ms, _key_of(each)) for each in decisions if is_look(each)
    ]
    share = 0.0
    for at_ms, key in [*looks, (now_ms, same_as)]:
        if before is not None:
            passed = max(at_ms - before, 0) / YEAR_MS
            there = min(MOST_KEPT, there + ARRIVES_A_YEAR * passed)
        before = at_ms
        if key is not None and key in shares:
            share = shares[key]
            continue
        share = SPENT_AT_ONCE * there
        there -= share
        if key is not None:
            shares[key] = share
    return share


def _key_of(decision: Decision) -> Hashable | None:
    rows, metric = decision.policy.get("rows"), decision.policy.get("metric")
    return look_key(decision.champion_before, decision.version, rows, metric)
