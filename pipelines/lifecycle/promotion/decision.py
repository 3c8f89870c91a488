"""Decisions about the versions of a model, and the earlier champions that follow from them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class DecisionKind(StrEnum):
    """What was decided, or what happened to the champion."""

    PROMOTED = "promoted"  # the challenger became champion
    KEPT = "kept"  # the challenger did not pass, or the policy is never
    DECLINED = "declined"  # a person refused
    UNANSWERED = "unanswered"  # no answer in time
    ROLLED_BACK = "rolled back"  # the previous champion serves again
    BY_HAND = "by hand"  # an alias was moved outside Espalier, such as in MLflow's pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry of the decision log.

    Attributes
    ----------
    kind : DecisionKind
        What was decided.
    model : str
        The registered model.
    version : int or None
        The version concerned: the challenger, or the version restored by a rollback or by hand.
    champion_before, champion_after, previous_after : int or None
        The champion before and after, and the version that a rollback would restore afterwards.
    actor : str
        The person or process that decided.
    reasons : tuple of str
        The reasons in whole sentences, the decisive one first.
    numbers : mapping of str to float
        Measured figures, by name.
    policy : mapping of str to anything JSON
        The promotion policy; empty if there was none.
    fingerprints : mapping of str to str
        Fingerprints of the data of the versions involved.
    at_ms : int
        Time in milliseconds since 1970; 0 before it is logged.
    sequence : int
        Number of the decision, counted from 1 for each model; 0 before it is logged.
    run_id : str
        Its MLflow run; empty before it is logged.
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
    """Return the earlier champions that a rollback could restore, the latest last.

    They form a stack: a promotion, or a champion set by hand, pushes the champion before it; a
    rollback pops one, and the version that was rolled back is not pushed.

    Parameters
    ----------
    decisions : sequence of Decision
        All decisions about one model, in their order.
    first : int or None
        The champion before the first decision.
    existing : collection of int
        Versions that still exist.
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
