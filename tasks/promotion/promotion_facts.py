"""What a promotion was decided on, in a form that outlives the process that measured it."""

import json
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from espalier.pipelines.lifecycle.promotion.policy import PromotionDecision, PromotionMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFacts:
    """What a person is asked about.

    Attributes
    ----------
    decision : PromotionDecision
        What the policy says.
    metrics : PromotionMetrics
        What was measured.
    notes : tuple of str
        Origin of the rows, in whole sentences.
    """

    decision: PromotionDecision
    metrics: PromotionMetrics
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Return the facts as JSON text; infinite bounds are written as Python does."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "PromotionFacts":
        """Return the facts that `to_json` wrote.

        Raises
        ------
        ValueError
            Another version wrote it.
        """
        return TypeAdapter(cls).validate_python(json.loads(text))
