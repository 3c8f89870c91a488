"""What was decided about a model, and what follows from all that was."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class DecisionKind(StrEnum):
    """What happened."""

    PROMOTED = "promoted"  # the challenger became champion
    KEPT = "kept"  # the challenger did not pass, or the policy is never
    DECLINED = "declined"  # a person said no
    UNANSWERED = "unanswered"  # nobody answered in time
    ROLLED_BACK = "rolled back"  # the previous champion is back
    BY_HAND = "by hand"  # somebody moved an alias elsewhere, such as in MLflow's pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry of the log.

    Attributes
    ----------
    kind : DecisionKind
        What happened.
    model : str
        The registered model.
    version : int or None
        Which version it is about: the challenger, or the one put back or found.
    champion_before, champion_after, previous_after : int or None
        Who served, who serves now, and who would come back.
    actor : str
        Who decided.
    reasons : tuple of str
        Why, in whole sentences, what decided first.
    numbers : mapping of str to float
        What was measured.
    policy : mapping of str to anything JSON
        What was asked for; empty where nothing was.
    fingerprints : mapping of str to str
        Data of the versions involved.
    at_ms : int
        When, in milliseconds since 1970; 0 before it is on record.
    sequence : int
        Counted from 1 for each model; 0 before it is on record.
    run_id : str
        Its run in MLflow; empty before it is on record.
    """

    kind: DecisionKind
    model: str
    version: int | None
    champion_before: int | None
    champion_after: int | None
    previous_after: int | None
    actor: str
    reasons: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    at_ms: int = 0
    sequence: int = 0
    run_id: str = ""


def champions_before(
    decisions: Sequence[Decision], first: int | None, existing: Collection[int]
) -> tuple[int, ...]:
    """Return the versions that could come back, the latest last.

    A promotion, or a champion set by hand, puts the one before it on the pile; a rollback takes
    from it, and what was rolled back does not return.

    Parameters
    ----------
    decisions : sequence of Decision
        All of one model, in their order.
    first : int or None
        The champion before the first decision.
    existing : collection of int
        Versions that were not deleted.
    """
    pile: list[int] = []
    champion = first
    for each in decisions:
        before = each.champion_before if each.champion_before is not None else champion
        if each.kind is DecisionKind.ROLLED_BACK:
            back = each.champion_after
            pile = pile[: pile.index(back)] if back in pile else pile
        elif each.champion_after != before and before is not None:
            pile = [version for version in pile if version != each.champion_after]
            pile = [version for version in pile if version != before] + [before]
        champion = each.champion_after
    return tuple(version for version in pile if version in existing and version != champion)
