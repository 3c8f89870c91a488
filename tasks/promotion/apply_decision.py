"""A decision carried out: aliases moved, tags set, an entry in the log."""

from dataclasses import asdict

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.settings import Settings
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.pipelines.lifecycle.promotion.policy import Evidence
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.policies import retried_task
from espalier.tasks.promotion.find_candidates import Contest


@retried_task(
    name="carry out",
    description="Move the aliases where the decision says, and put it on record.",
    tags=["espalier", "registry"],
)
def carry_out(decision: Decision, markdown: str, settings: Settings) -> Decision:
    """Return the decision as it is on record.

    Raises
    ------
    AliasesMovedError
        Somebody else was quicker; nothing was changed.
    """
    return AliasKeeper(settings, decision.model).carry_out(decision, markdown)


def decision_of(
    kind: DecisionKind,
    request: PromoteRequest,
    contest: Contest,
    evidence: Evidence,
    *,
    reasons: tuple[str, ...],
    actor: str,
) -> Decision:
    """Return the entry for the log."""
    old, new = contest.champion, contest.challenger
    before = None if old is None else old.version
    promoted = kind is DecisionKind.PROMOTED and new is not None
    versions = {"champion": old, "challenger": new}
    return Decision(
        kind=kind,
        model=request.name,
        version=None if new is None else new.version,
        champion_before=before,
        champion_after=new.version if promoted and new is not None else before,
        previous_after=before if promoted and before is not None else contest.previous,
        actor=actor,
        reasons=reasons,
        numbers=numbers_of(evidence),
        policy=asdict(request.promotion_policy) | {"slices": list(request.slices)},
        fingerprints={who: each.tags["fingerprint"] for who, each in versions.items()
                      if each is not None and "fingerprint" in each.tags},
    )  # fmt: skip


def numbers_of(evidence: Evidence) -> dict[str, float]:
    """Return all that was measured, by name."""
    found: dict[str, float | None] = {
        "n_rows": float(evidence.n_rows),
        "latency_ms": evidence.latency_ms,
        "champion_latency_ms": evidence.champion_latency_ms,
        "size_mb": evidence.size_mb,
    }
    result = evidence.comparison
    if result is not None:
        found |= {
            "champion_score": result.champion, "challenger_score": result.challenger,
            "difference": result.difference, "low": result.low, "high": result.high,
        }  # fmt: skip
    for each in evidence.slices:
        if each.comparison is not None:
            found[f"slice {each.column} {each.value}"] = each.comparison.difference
    return {name: value for name, value in found.items() if value is not None}
