"""The flow `promote`: compare challenger and champion, decide, and record the decision."""

from prefect import flow
from prefect.logging import get_run_logger

from espalier.flows.progress.approval import ApprovalAnswer, ask_person
from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.flows.reports.promotion import PromotionReport, nothing_to_promote, report_of
from espalier.infra.actor import current_actor
from espalier.infra.settings import load_settings
from espalier.pipelines.lifecycle.promotion.decision import DecisionKind
from espalier.pipelines.lifecycle.promotion.policy import (
    PromotionAction,
    PromotionDecision,
    PromotionMetrics,
    decide,
    decide_unopposed,
)
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.pages.markdown import escape_markdown
from espalier.tasks.promotion.apply_decision import apply_decision, make_decision_entry
from espalier.tasks.promotion.compare_models import compare_models
from espalier.tasks.promotion.find_candidates import find_candidates
from espalier.tasks.promotion.promotion_page import promotion_page

HEADLINES = {
    DecisionKind.PROMOTED: "{challenger} serves now",
    DecisionKind.KEPT: "The champion stays; {challenger} is not promoted",
    DecisionKind.DECLINED: "{challenger} was declined by a person",
    DecisionKind.UNANSWERED: "Nobody answered in time; {challenger} is not promoted",
}


@with_run_hooks
@flow(
    name="promote",
    description="Compare the challenger with the champion on rows that neither was trained on, "
    "and promote it if it meets the policy.",
    flow_run_name="promote {request.name}",
    persist_result=False,
)
@guarded
def promote(request: PromoteRequest) -> PromotionReport:
    """Promote the challenger if it meets the policy; record the decision either way."""
    settings, policy = load_settings(), request.promotion_policy
    actor = request.actor or current_actor()
    candidates = find_candidates(request.name, settings)
    for line in () if candidates.noticed is None else candidates.noticed.reasons:
        get_run_logger().warning("%s", line)
    if candidates.challenger is None:
        return nothing_to_promote(request.name, candidates, actor)

    metrics, notes = PromotionMetrics(n_rows=0), tuple[str, ...]()
    if candidates.champion is None:
        decision = decide_unopposed(policy)
    else:
        metrics, notes = compare_models(request, candidates, settings)
        decision = decide(policy, metrics)

    challenger = f"{request.name}/{candidates.challenger.version}"
    answer = None
    if decision.action is PromotionAction.ASK:
        question = promotion_page(
            f"May {challenger} serve?", decision.reasons, candidates, metrics, policy, notes
        )
        publish_markdown("promotion-question", question, "What a person is asked")
        answer = ask_person(question, hours=request.approval_hours)

    kind, reasons, who = _concluded(decision, answer, actor)
    page = promotion_page(
        HEADLINES[kind].format(challenger=challenger), reasons, candidates, metrics, policy, notes
    )
    entry = make_decision_entry(kind, request, candidates, metrics, reasons=reasons, actor=who)
    placed = apply_decision(entry, page, settings)
    publish_markdown(
        "promotion", f"{page}\n\nDecided by {escape_markdown(who)}.", "The decision and its numbers"
    )
    get_run_logger().info("%s %s: %s", challenger, kind, " ".join(reasons))
    return report_of(placed, candidates)


def _concluded(
    decision: PromotionDecision, answer: ApprovalAnswer | None, actor: str
) -> tuple[DecisionKind, tuple[str, ...], str]:
    """Return the kind of decision, its reasons, and who decided."""
    if answer is None:
        promoted = decision.action is PromotionAction.PROMOTE
        kind = DecisionKind.PROMOTED if promoted else DecisionKind.KEPT
        return kind, decision.reasons, actor
    who = answer.person or actor
    if answer.approved is None:
        return DecisionKind.UNANSWERED, ("Nobody answered in time.", *decision.reasons), who
    said = f"{who} {'approved' if answer.approved else 'declined'}"
    said += f": {answer.comment}" if answer.comment else "."
    kind = DecisionKind.PROMOTED if answer.approved else DecisionKind.DECLINED
    return kind, (said, *decision.reasons), who
