"""Warm start: the best configurations of earlier searches, to try first in the next one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

MOST_WINNERS = 8
"""Largest number of configurations; more would leave a short search little time for new ones."""


def winners(
    leaderboards: Sequence[Sequence[Mapping[str, Any]]], *, most: int = MOST_WINNERS
) -> tuple[Configuration, ...]:
    """Return the configurations to try first, the most promising first.

    First come the members of each ensemble by weight, one leaderboard after the other, then the
    best other trials, the leaderboards taking turns.

    Parameters
    ----------
    leaderboards : sequence of sequence of mapping
        Rows of ``leaderboard.json``, best first: ``configuration``, ``weight``, ``status``.
    most : int
        Largest number of configurations.
    """
    found: dict[Configuration, None] = {}
    for rows in leaderboards:
        found.update(dict.fromkeys(members(rows)))
    # The score of a smaller form of a model is not that of its configuration.
    scored = [
        [row for row in rows if row.get("score") is not None and not row.get("variant")]
        for rows in leaderboards
    ]
    for place in range(max(map(len, scored), default=0)):
        found.update(
            dict.fromkeys(_configuration(rows[place]) for rows in scored if place < len(rows))
        )
    return tuple(found)[:most]


def members(leaderboard: Sequence[Mapping[str, Any]]) -> tuple[Configuration, ...]:
    """Return the configurations of an ensemble's members, the largest weight first.

    Parameters
    ----------
    leaderboard : sequence of mapping
        Rows of ``leaderboard.json``, best first.
    """
    rows = [row for row in leaderboard if float(row.get("weight") or 0.0) > 0.0]
    rows.sort(key=lambda row: -float(row["weight"]))  # stable: ties by score
    return tuple(map(_configuration, rows))


def valid_in_space(
    configurations: Iterable[Configuration], space: SearchSpace, *, trials: int | None = None
) -> tuple[Configuration, ...]:
    """Convert the configurations to ``space``, in their order.

    A configuration of an excluded family is dropped; new hyperparameters get their default, and
    removed ones are dropped. With few trials they get at most half of them, so that new
    configurations are tried too.

    Parameters
    ----------
    configurations : iterable of Configuration
        From `winners`.
    space : SearchSpace
        The search space of the next run.
    trials : int or None
        Number of trials of the budget.
    """
    found: dict[Configuration, None] = {}
    for each in configurations:
        if each.family not in space.families:
            continue
        try:
            found[space.complete(each.family, dict(each))] = None
        except (ValueError, TypeError, KeyError):
            continue  # a value that the space no longer has
    kept = tuple(found)
    return kept if trials is None else kept[: max(1, (trials + 1) // 2)]


def _configuration(row: Mapping[str, Any]) -> Configuration:
    return Configuration.from_dict(row["configuration"])
