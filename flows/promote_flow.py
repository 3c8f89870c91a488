"""The story of a promotion: compared on rows that neither model knows, decided, put on record."""

from prefect import flow
from prefect.logging import get_run_logger

from espalier.flows.progress.approval import Answer, ask_person
from espalier.flows.progress.flow_hooks import watched
from espalier.flows.reports.promotion import PromotionReport, nothing_to_promote, report_of
from espalier.infra.actor import current_actor
from espalier.infra.settings import load_settings
from espalier.pipelines.lifecycle.promotion.decision import DecisionKind
from espalier.pipelines.lifecycle.promotion.policy import (
    Evidence,
    PromotionDecision,
    Verdict,
    decide,
    decide_unopposed,
)
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.pages.markdown import in_markdown
from espalier.tasks.promotion.apply_decision import carry_out, decision_of
from espalier.tasks.promotion.compare_models import weigh_evidence
from espalier.tasks.promotion.find_candidates import find_contest
from espalier.tasks.promotion.promotion_page import promotion_page

HEADLINES = {
    DecisionKind.PROMOTED: "{challenger} serves now",
    DecisionKind.KEPT: "The champion stays; {challenger} is not promoted",
    DecisionKind.DECLINED: "{challenger} was declined by a person",
    DecisionKind.UNANSWERED: "Nobody answered in time; {challenger} is not promoted",
}


@watched
@flow(
    name="promote",
    description="Compare the challenger with the champion on rows that neither was trained on, "
    "and let it serve if it passes the policy.",
    flow_run_name="promote {request.name}",
    persist_result=False,
)
def promote(request: PromoteRequest) -> PromotionReport:
    """Promote the challenger if it passes; whatever is decided is on record."""
    settings, policy = load_settings(), request.promotion_policy
    actor = request.actor or current_actor()
    contest = find_contest(request.name, settings)
    for line in () if contest.noticed is None else contest.noticed.reasons:
        get_run_logger().warning("%s", line)
    if contest.challenger is None:
        return nothing_to_promote(request.name, contest, actor)

    evidence, notes = Evidence(n_rows=0), tuple[str, ...]()
    if contest.champion is None:
        decision = decide_unopposed(policy)
    else:
        evidence, notes = weigh_evidence(request, contest, settings)
        decision = decide(policy, evidence)

    challenger = f"{request.name}/{contest.challenger.version}"
    answer = None
    if decision.verdict is Verdict.ASK:
        question = promotion_page(
            f"May {challenger} serve?", decision.reasons, contest, evidence, policy, notes
        )
        publish_markdown("promotion-question", question, "What a person is asked")
        answer = ask_person(question, hours=request.approval_hours)

    kind, reasons, who = _concluded(decision, answer, actor)
    page = promotion_page(
        HEADLINES[kind].format(challenger=challenger), reasons, contest, evidence, policy, notes
    )
    entry = decision_of(kind, request, contest, evidence, reasons=reasons, actor=who)
    placed = carry_out(entry, page, settings)
    publish_markdown(
        "promotion", f"{page}\n\nDecided by {in_markdown(who)}.", "The decision and its numbers"
    )
    get_run_logger().info("%s %s: %s", challenger, kind, " ".join(reasons))
    return report_of(placed, contest)


def _concluded(
    decision: PromotionDecision, answer: Answer | None, actor: str
) -> tuple[DecisionKind, tuple[str, ...], str]:
    """Return what happens, why, and who decided it."""
    if answer is None:
        promoted = decision.verdict is Verdict.PROMOTE
        kind = DecisionKind.PROMOTED if promoted else DecisionKind.KEPT
        return kind, decision.reasons, actor
    who = answer.person or actor
    if answer.approved is None:
        return DecisionKind.UNANSWERED, ("Nobody answered in time.", *decision.reasons), who
    said = f"{who} {'approved' if answer.approved else 'declined'}"
    said += f": {answer.comment}" if answer.comment else "."
    kind = DecisionKind.PROMOTED if answer.approved else DecisionKind.DECLINED
    return kind, (said, *decision.reasons), who
