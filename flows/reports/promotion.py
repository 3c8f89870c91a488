"""Report of the flow `promote`, as an object and JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from espalier.infra.actor import current_actor
from espalier.pipelines.lifecycle.promotion.decision import Decision
from espalier.tasks.promotion.find_candidates import PromotionCandidates

NOTHING = "nothing to promote"
ASKED = "a person is asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionReport:
    """Outcome of the flow `promote`.

    Attributes
    ----------
    model : str
        The registered model.
    outcome : str
        ``promoted``, ``kept``, ``declined``, ``unanswered``, ``nothing to promote``, or ``a person
        is asked``: another flow run does so, and decides.
    champion_before, champion, challenger, previous : int or None
        Versions: the champion before and after the decision, the challenger, and the version that
        a rollback would restore.
    actor : str
        Who decided.
    reasons : tuple of str
        Reasons, in whole sentences.
    numbers : dict of str to float
        Measurements of the comparison.
    noticed : tuple of str
        Changes of aliases that were made outside Espalier, in whole sentences.
    run_id : str
        ID of the MLflow run that records the decision; empty without a decision.
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
        """Whether the challenger is champion now."""
        return self.outcome == "promoted"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


def report_of(decision: Decision, candidates: PromotionCandidates) -> PromotionReport:
    """Return the report of a recorded decision."""
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
    """Return the report if there is no challenger."""
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


def asked_elsewhere(
    model: str, champion: int | None, challenger: int, run_name: str, *, actor: str = ""
) -> PromotionReport:
    """Return the report if the flow run ``run_name`` asks a person, if one is needed."""
    return PromotionReport(
        model=model,
        outcome=ASKED,
        champion_before=champion,
        champion=champion,
        challenger=challenger,
        previous=None,
        actor=actor or current_actor(),
        reasons=(f"The flow run {run_name!r} asks, and decides by the answer.",),
        numbers={},
    )


def _noticed(candidates: PromotionCandidates) -> tuple[str, ...]:
    return () if candidates.noticed is None else candidates.noticed.reasons
