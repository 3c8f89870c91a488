"""Carry out a promotion decision: move the aliases, set tags, and record it."""

from dataclasses import asdict

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.settings import Settings
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.pipelines.lifecycle.promotion.looks import HELD_OUT
from espalier.pipelines.lifecycle.promotion.policy import PromotionMetrics
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.policies import retried_task
from espalier.tasks.promotion.find_candidates import PromotionCandidates


@retried_task(
    name="apply decision",
    description="Move the aliases as decided, and record the decision.",
    tags=["espalier", "registry"],
)
def apply_decision(decision: Decision, markdown: str, settings: Settings) -> Decision:
    """Carry out and record a decision; return it as recorded.

    Raises
    ------
    AliasesMovedError
        The aliases have changed since they were read; nothing was done.
    """
    return AliasKeeper(settings, decision.model).carry_out(decision, markdown)


def make_decision_entry(
    kind: DecisionKind,
    request: PromoteRequest,
    candidates: PromotionCandidates,
    metrics: PromotionMetrics,
    *,
    reasons: tuple[str, ...],
    actor: str,
) -> Decision:
    """Return the decision about a challenger, with its reasons and measurements."""
    old, new = candidates.champion, candidates.challenger
    before = None if old is None else old.version
    promoted = kind is DecisionKind.PROMOTED and new is not None
    versions = {"champion": old, "challenger": new}
    return Decision(
        kind=kind,
        model=request.name,
        version=None if new is None else new.version,
        champion_before=before,
        champion_after=new.version if promoted and new is not None else before,
        previous_after=before if promoted and before is not None else candidates.previous,
        actor=actor,
        reasons=reasons,
        numbers=recorded_numbers(metrics),
        policy=asdict(request.promotion_policy)
        | {"slices": list(request.slices), "rows": rows_of(request), "metric": request.metric},
        fingerprints={
            who: each.tags["fingerprint"]
            for who, each in versions.items()
            if each is not None and "fingerprint" in each.tags
        },
    )


def rows_of(request: PromoteRequest) -> str:
    """Return which rows are compared on, for the log: those held out, or given ones."""
    return HELD_OUT if request.data is None else "given"


def recorded_numbers(metrics: PromotionMetrics) -> dict[str, float]:
    """Return the measurements of a comparison by name, for the record of the decision."""
    found: dict[str, float | None] = {
        "n_rows": float(metrics.n_rows),
        "latency_ms": metrics.latency_ms,
        "champion_latency_ms": metrics.champion_latency_ms,
        "size_mb": metrics.size_mb,
    }
    result = metrics.comparison
    if result is not None:
        found |= {
            "champion_score": result.champion,
            "challenger_score": result.challenger,
            "difference": result.difference,
        }
    if result is not None and not metrics.obstacles:  # bounds are what makes it a look
        found |= {"low": result.low, "high": result.high, "confidence": metrics.confidence}
    for each in metrics.slices:
        if each.comparison is not None:
            found[f"slice {each.column} {each.value}"] = each.comparison.difference
    return {name: value for name, value in found.items() if value is not None}
