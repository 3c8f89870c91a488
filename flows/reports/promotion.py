"""What a promotion leaves in a person's hands, and in the file of ``--json``."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from espalier.infra.places import write_whole
from espalier.pipelines.lifecycle.promotion.decision import Decision
from espalier.pipelines.serialization.strict_json import to_json
from espalier.tasks.promotion.find_candidates import PromotionCandidates

NOTHING = "nothing to promote"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionReport:
    """What came of a promotion.

    Attributes
    ----------
    model : str
        The registered model.
    outcome : str
        ``promoted``, ``kept``, ``declined``, ``unanswered`` or ``nothing to promote``.
    champion_before, champion, challenger, previous : int or None
        Versions: who served, who serves now, who wanted to, who would come back.
    actor : str
        Who decided.
    reasons : tuple of str
        Why, in whole sentences.
    numbers : dict of str to float
        What was measured.
    noticed : tuple of str
        What had been moved by hand, in whole sentences.
    run_id : str
        The decision's run in MLflow; empty where there was nothing to decide.
    """

    model: str
    outcome: str
    champion_before: int | None
    champion: int | None
    challenger: int | None
    previous: int | None
    actor: str
    reasons: tuple[str, ...]
    numbers: dict[str, float]
    noticed: tuple[str, ...] = ()
    run_id: str = ""

    @property
    def promoted(self) -> bool:
        """Whether the challenger serves now."""
        return self.outcome == "promoted"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it."""
        return asdict(self)

    def write_json(self, path: Path) -> None:
        """Write the report to a file."""
        write_whole(path, to_json(self.to_dict()) + "\n")


def report_of(decision: Decision, candidates: PromotionCandidates) -> PromotionReport:
    """Return the report of a decision that is on record."""
    return PromotionReport(
        model=decision.model,
        outcome=str(decision.kind),
        champion_before=decision.champion_before,
        champion=decision.champion_after,
        challenger=decision.version,
        previous=decision.previous_after,
        actor=decision.actor,
        reasons=decision.reasons,
        numbers=dict(decision.numbers),
        noticed=_noticed(candidates),
        run_id=decision.run_id,
    )


def nothing_to_promote(model: str, candidates: PromotionCandidates, actor: str) -> PromotionReport:
    """Return the report where no other version wants to serve."""
    champion = None if candidates.champion is None else candidates.champion.version
    return PromotionReport(
        model=model,
        outcome=NOTHING,
        champion_before=champion,
        champion=champion,
        challenger=None,
        previous=candidates.previous,
        actor=actor,
        reasons=(f"No other version of {model} has the alias challenger.",),
        numbers={},
        noticed=_noticed(candidates),
    )


def _noticed(candidates: PromotionCandidates) -> tuple[str, ...]:
    return () if candidates.noticed is None else candidates.noticed.reasons
