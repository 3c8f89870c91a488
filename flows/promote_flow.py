"""The flow `promote`: compare challenger and champion, decide, and record the decision."""

from prefect import flow
from prefect.logging import get_run_logger

from espalier.flows.progress.acting import acting_person, unproven_name
from espalier.flows.progress.approval import ApprovalAnswer, ask_person, is_asked_here
from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.flows.progress.news import tell
from espalier.flows.progress.promotion_question import (
    asked_before,
    asked_by_another,
    close_others,
    keep,
    question_key,
)
from espalier.flows.reports.promotion import (
    PromotionReport,
    asked_elsewhere,
    nothing_to_promote,
    report_of,
)
from espalier.infra.orchestration.events import ASKED, PROMOTED, REFUSED, UNANSWERED
from espalier.infra.settings import Settings, load_settings
from espalier.pipelines.lifecycle.promotion.decision import DecisionKind
from espalier.pipelines.lifecycle.promotion.policy import (
    PromotionAction,
    PromotionDecision,
    PromotionMetrics,
    decide,
    decide_unopposed,
)
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.promotion.apply_decision import apply_decision, make_decision_entry
from espalier.tasks.promotion.compare_models import compare_models
from espalier.tasks.promotion.find_candidates import PromotionCandidates, find_candidates
from espalier.tasks.promotion.promotion_facts import PromotionFacts
from espalier.tasks.promotion.promotion_page import promotion_page

HEADLINES = {
    DecisionKind.PROMOTED: "{challenger} serves now",
    DecisionKind.KEPT: "The champion stays; {challenger} is not promoted",
    DecisionKind.DECLINED: "{challenger} was declined by a person",
    DecisionKind.UNANSWERED: "Nobody answered in time; {challenger} is not promoted",
}
_NEWS = {
    DecisionKind.PROMOTED: (PROMOTED, "serves now"),
    DecisionKind.KEPT: (REFUSED, "is not promoted"),
    DecisionKind.DECLINED: (REFUSED, "was declined"),
    DecisionKind.UNANSWERED: (UNANSWERED, "is not promoted, as nobody answered in time"),
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
    """Promote the challenger if it meets the policy; record the decision either way.

    A run that waits for a person is suspended, and begins anew with the answer: what it has asked
    about is stored with it, and is not measured again.
    """
    settings, policy = load_settings(), request.promotion_policy
    actor = acting_person(request.actor)
    candidates = find_candidates(request.name, settings)
    for line in () if candidates.noticed is None else candidates.noticed.reasons:
        get_run_logger().warning("%s", line)
    if candidates.challenger is None:
        return nothing_to_promote(request.name, candidates, actor)

    facts = asked_before(candidates)
    if facts is None and request.policy == "approve" and (asking := asked_by_another(candidates)):
        old, new = candidates.champion, candidates.challenger
        before = None if old is None else old.version
        return asked_elsewhere(request.name, before, new.version, asking, actor=actor)
    is_new = facts is None
    facts = facts or _facts(request, candidates, settings)

    challenger = f"{request.name}/{candidates.challenger.version}"
    metrics, notes, answer = facts.metrics, facts.notes, None
    if facts.decision.action is PromotionAction.ASK:
        reasons = facts.decision.reasons
        question = promotion_page(
            f"May {challenger} serve?", reasons, candidates, metrics, policy, notes
        )
        if is_new:
            publish_markdown("promotion-question", question, "What a person is asked")
            if not is_asked_here():
                keep(request, candidates, facts)
                tell(ASKED, challenger, "waits for a person to let it serve", reasons)
        answer = ask_person(question, hours=request.approval_hours, key=question_key(candidates))

    kind, reasons, who = _concluded(facts.decision, answer, actor)
    reasons = (*reasons, *unproven_name(request.actor))
    page = promotion_page(
        HEADLINES[kind].format(challenger=challenger), reasons, candidates, metrics, policy, notes
    )
    entry = make_decision_entry(kind, request, candidates, metrics, reasons=reasons, actor=who)
    placed = apply_decision(entry, page, settings)
    publish_markdown(
        "promotion", f"{page}\n\nDecided by {escape_markdown(who)}.", "The decision and its numbers"
    )
    get_run_logger().info("%s %s: %s", challenger, kind, " ".join(reasons))
    event, what = _NEWS[kind]
    # That a challenger is not better is nothing to wake somebody for.
    tell(event, challenger, what, reasons, aloud=kind is not DecisionKind.KEPT)
    if kind in (DecisionKind.PROMOTED, DecisionKind.DECLINED):
        close_others(
            request.name, f"{challenger} {kind} by another run; nothing is left to answer."
        )
    return report_of(placed, candidates)


def _facts(
    request: PromoteRequest, candidates: PromotionCandidates, settings: Settings
) -> PromotionFacts:
    """Measure both models, and apply the policy."""
    policy = request.promotion_policy
    if candidates.champion is None:
        metrics = PromotionMetrics(n_rows=0)
        return PromotionFacts(decision=decide_unopposed(policy), metrics=metrics, notes=())
    metrics, notes = compare_models(request, candidates, settings)
    return PromotionFacts(decision=decide(policy, metrics), metrics=metrics, notes=tuple(notes))


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
