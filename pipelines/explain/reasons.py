"""What judgements of a score are made of: reasons for doubt, how grave they are, and what to do.

`espalier.pipelines.explain.trust` judges the scores of tables, and
`espalier.pipelines.explain.forecast_trust` those of forecasts; what both may find is here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WIDE_SHARE = 0.25
"""Half an interval, in shares of the gain over the baseline, from which it is called wide."""
FAILED_SHARE = 0.3
"""Share of failed trials that is worth a word."""


class Gravity(StrEnum):
    """How grave a reason for doubt is."""

    GRAVE = "grave"  # the score itself may be wrong, or the model useless
    DOUBT = "doubt"  # the score stands, with a grain of salt
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason for doubt, and what can be done about it.

    Attributes
    ----------
    gravity : Gravity
        How grave it is.
    said : str
        What was found, a whole sentence.
    advice : str
        What to do, a whole sentence.
    """

    gravity: Gravity
    said: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a score can be trusted.

    Attributes
    ----------
    gravity : Gravity or None
        The gravest of the reasons that are more than a note; None if nothing speaks against it.
    headline : str
        The judgement in a few words.
    reasons : tuple of Reason
        What speaks against it, the gravest first.
    """

    gravity: Gravity | None
    headline: str
    reasons: tuple[Reason, ...]


_HEADLINES = {
    Gravity.GRAVE: "Do not rely on it yet",
    Gravity.DOUBT: "Usable, with care",
    None: "Nothing found that speaks against trusting it",
}


def grave(said: str, advice: str) -> Reason:
    """Return a reason not to rely on the score, in two whole sentences: what is, what to do."""
    return Reason(gravity=Gravity.GRAVE, said=said, advice=advice)


def doubt(said: str, advice: str) -> Reason:
    """Return a reason to take the score with a grain of salt."""
    return Reason(gravity=Gravity.DOUBT, said=said, advice=advice)


def note(said: str, advice: str) -> Reason:
    """Return what is good to know, and no reason for doubt."""
    return Reason(gravity=Gravity.NOTE, said=said, advice=advice)


def judgement_of(reasons: Sequence[Reason]) -> Judgement:
    """Return the judgement that follows from reasons, in any order."""
    order = list(Gravity)
    reasons = sorted(reasons, key=lambda each: order.index(each.gravity))
    gravest = next((each.gravity for each in reasons if each.gravity is not Gravity.NOTE), None)
    return Judgement(gravity=gravest, headline=_HEADLINES[gravest], reasons=tuple(reasons))


def few_held_out(number: int, least: int, what: str, advice: str) -> list[Reason]:
    """Return a doubt where a score comes from fewer than ``least`` held-out rows or values."""
    if number >= least:
        return []
    return [doubt(f"The score comes from only {number} held-out {what}.", advice)]


def broken_expectations(broken: Sequence[str]) -> list[Reason]:
    """Return a doubt where expectations about the data do not hold; the first is named."""
    if not broken:
        return []
    more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
    return [
        doubt(
            f"The data break an expectation: {broken[0]}{more}.",
            "See the section on the data below.",
        )
    ]


def failed_trials(share: float) -> list[Reason]:
    """Return a note on the trials that failed; nothing where their share is small."""
    if share <= FAILED_SHARE:
        return []
    return [
        note(
            f"{share:.0%} of the trials ended without a score.",
            "The last section says why; more memory or time may help.",
        )
    ]
