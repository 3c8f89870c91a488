"""What the next search should try first: the configurations that won the last ones."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

MOST_WINNERS = 8
"""More would leave a short search little to find anew."""


def winners(
    leaderboards: Sequence[Sequence[Mapping[str, Any]]], *, most: int = MOST_WINNERS
) -> tuple[Configuration, ...]:
    """Return the configurations to try first, the most promising first.

    The members of each ensemble by their weight, one leaderboard after the other; then the best
    trials of each that were no members, by turns.

    Parameters
    ----------
    leaderboards : sequence of sequence of mapping
        Rows of ``leaderboard.json``, best first: ``configuration``, ``weight``, ``status``.
    most : int
        How many at most.
    """
    found: dict[Configuration, None] = {}
    for rows in leaderboards:
        members = [row for row in rows if float(row.get("weight") or 0.0) > 0.0]
        members.sort(key=lambda row: -float(row["weight"]))  # stable: ties by score
        found.update(dict.fromkeys(map(_configuration, members)))
    scored = [[row for row in rows if row.get("score") is not None] for rows in leaderboards]
    for place in range(max(map(len, scored), default=0)):
        found.update(
            dict.fromkeys(_configuration(rows[place]) for rows in scored if place < len(rows))
        )
    return tuple(found)[:most]


def valid_in_space(
    configurations: Iterable[Configuration], space: SearchSpace, *, trials: int | None = None
) -> tuple[Configuration, ...]:
    """Return the configurations as they are in ``space``, in order.

    A family that is not in play is passed over; a hyperparameter that is new takes its default,
    and one that has gone is dropped. Of a search of few trials they get half at most, so that
    something new is tried.

    Parameters
    ----------
    configurations : iterable of Configuration
        From `winners`.
    space : SearchSpace
        What may be tried now.
    trials : int or None
        Trials of the budget.
    """
    found: dict[Configuration, None] = {}
    for each in configurations:
        if each.family not in space.families:
            continue
        try:
            found[space.complete(each.family, dict(each))] = None
        except (ValueError, TypeError, KeyError):
            continue  # a value that the space does not know any more
    kept = tuple(found)
    return kept if trials is None else kept[: max(1, (trials + 1) // 2)]


def _configuration(row: Mapping[str, Any]) -> Configuration:
    return Configuration.from_dict(row["configuration"])
