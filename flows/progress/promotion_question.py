"""The question whether a challenger may serve: asked once, closed when it is decided elsewhere."""

import logging
import time

from espalier.flows.progress.acting import current_run
from espalier.flows.progress.approval import is_asked_here
from espalier.infra.orchestration.questions import (
    Question,
    close_question,
    keep_question,
    kept_question,
    open_questions,
)
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.promotion.find_candidates import PromotionCandidates
from espalier.tasks.promotion.promotion_facts import PromotionFacts

_LOG = logging.getLogger(__name__)


def question_key(candidates: PromotionCandidates) -> str:
    """Return what identifies the question among those of a run: letters, digits and dashes."""
    champion, challenger = _versions(candidates)
    return f"promotion-{champion or 0}-{challenger}"


def asked_before(candidates: PromotionCandidates) -> PromotionFacts | None:
    """Return what this run has asked about; None if it has not, or other versions are up now."""
    asked = kept_question(current_run().id)
    if asked is None or (asked.champion, asked.challenger) != _versions(candidates):
        return None
    try:
        return PromotionFacts.from_json(asked.facts)
    except ValueError:  # of a version before an upgrade: measured again
        return None


def asked_by_another(candidates: PromotionCandidates) -> str | None:
    """Return the name of another run that asks the same; None if there is none.

    Questions about other versions than those that are up now, and late ones, are closed.
    """
    challenger = candidates.challenger
    if challenger is None or is_asked_here():
        return None
    for each in open_questions(challenger.name):
        asked = each.question
        if each.run_id == current_run().id:
            continue
        same = (asked.champion, asked.challenger) == _versions(candidates)
        if same and not asked.has_expired:
            return each.run_name
        close_question(each, "Nobody answered; it is asked again, or about a newer version.")
    return None


def keep(request: PromoteRequest, candidates: PromotionCandidates, facts: PromotionFacts) -> None:
    """Store what is asked with this run, so that it can conclude in another process."""
    champion, challenger = _versions(candidates)
    question = Question(
        model=request.name,
        champion=champion,
        challenger=challenger,
        expires=time.time() + request.approval_hours * 3600,
        facts=facts.to_json(),
    )
    keep_question(current_run().id, question)


def close_others(model: str, message: str) -> None:
    """Close the questions of other runs about a model; errors are only logged."""
    try:
        for each in open_questions(model):
            if each.run_id != current_run().id:
                close_question(each, message)
    except Exception:  # what was decided is done and recorded
        _LOG.warning("open questions about %r could not be closed", model, exc_info=True)


def _versions(candidates: PromotionCandidates) -> tuple[int | None, int]:
    old, new = candidates.champion, candidates.challenger
    assert new is not None
    return None if old is None else old.version, new.version
