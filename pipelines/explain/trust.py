"""Whether a score can be trusted, in plain words: what speaks against it, and what to do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from espalier.pipelines.calibration.reliability import ReliabilityBin
from espalier.pipelines.calibration.report import CalibrationReport

FEW_ROWS = 100
"""Hold-out rows below which a score is called uncertain whatever its interval."""
WIDE_SHARE = 0.25
"""Half an interval, in shares of the gain over the baseline, from which it is called wide."""
MISCALIBRATED = 0.03
"""Calibration error beyond what chance explains from which probabilities are called off."""
COVERAGE_ERRORS = 3.0
"""Standard errors from which the coverage of intervals is called off."""
FAILED_SHARE = 0.3
"""Share of failed trials that is worth a word."""
_REPORTED_COVERAGE = 0.9


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
class Evidence:
    """What the judgement is based on.

    Attributes
    ----------
    score, baseline, cv_score : float
        The metric on the hold-out, that of the best constant there, and in cross-validation.
    interval : (float, float)
        95 % interval of ``score``.
    higher_is_better : bool
        Direction of the metric.
    n_rows : int
        Hold-out rows.
    suspects : tuple of (column, reason)
        Columns that may give the target away, and are used.
    repeated : int
        Hold-out rows that are also among the search rows, word for word.
    broken : tuple of str
        Expectations about the data that do not hold.
    calibration : CalibrationReport or None
        Reliability of the probabilities; None in regression.
    covered : float or None
        Share of hold-out rows within 90 % intervals; None without intervals.
    failed_share : float
        Share of trials that failed.
    learnt_all : bool
        Whether the model has learnt from the hold-out after it was scored.
    """

    score: float
    baseline: float
    cv_score: float
    interval: tuple[float, float]
    higher_is_better: bool
    n_rows: int
    suspects: tuple[tuple[str, str], ...] = ()
    repeated: int = 0
    broken: tuple[str, ...] = ()
    calibration: CalibrationReport | None = None
    covered: float | None = None
    failed_share: float = 0.0
    learnt_all: bool = False

    @property
    def gain(self) -> float:
        """By how much the score is better than the baseline."""
        return self.gain_over(self.baseline)

    def gain_over(self, other: float) -> float:
        """By how much the score is better than another one."""
        return self._sign * (self.score - other)

    @property
    def surely_better(self) -> bool:
        """Whether the whole interval is better than the baseline."""
        worst = self.interval[0] if self.higher_is_better else self.interval[1]
        return self._sign * (worst - self.baseline) > 0

    @property
    def _sign(self) -> float:
        return 1.0 if self.higher_is_better else -1.0


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


def judge(evidence: Evidence) -> Judgement:
    """Return the judgement with all its reasons."""
    return judgement_of(
        [
            *_against_baseline(evidence),
            *_of_data(evidence),
            *_of_rows(evidence),
            *_of_probabilities(evidence.calibration),
            *_of_intervals(evidence),
            *of_failures(evidence.failed_share),
        ]
    )


def judgement_of(reasons: Sequence[Reason]) -> Judgement:
    """Return the judgement that follows from reasons, in any order."""
    order = list(Gravity)
    reasons = sorted(reasons, key=lambda each: order.index(each.gravity))
    gravest = next((each.gravity for each in reasons if each.gravity is not Gravity.NOTE), None)
    return Judgement(gravity=gravest, headline=_HEADLINES[gravest], reasons=tuple(reasons))


def _against_baseline(evidence: Evidence) -> list[Reason]:
    if not evidence.gain > 0:
        return [
            Reason(
                gravity=Gravity.GRAVE,
                said="It is no better than always giving the same answer.",
                advice="Look for columns that say something about the target, or for more rows.",
            )
        ]
    if not all(map(math.isfinite, evidence.interval)):
        return [
            Reason(
                gravity=Gravity.GRAVE,
                said="How sure the score is cannot be told: the held-out rows are too few, or all "
                "of one group.",
                advice="Train on more rows, or on rows of more groups.",
            )
        ]
    if not evidence.surely_better:
        return [
            Reason(
                gravity=Gravity.GRAVE,
                said="The interval of its score includes the score of always giving the same "
                "answer: the lead may be chance.",
                advice="Collect more rows; until then, treat it as no better than that.",
            )
        ]
    half = abs(evidence.interval[1] - evidence.interval[0]) / 2.0
    if half > WIDE_SHARE * evidence.gain:
        return [
            Reason(
                gravity=Gravity.DOUBT,
                said="The interval is wide: give or take "
                f"{half / evidence.gain:.0%} of what the model gains over a constant answer.",
                advice="More rows narrow it; four times as many halve it.",
            )
        ]
    return []


def _of_rows(evidence: Evidence) -> list[Reason]:
    found = []
    if evidence.n_rows < FEW_ROWS:
        found.append(
            Reason(
                gravity=Gravity.DOUBT,
                said=f"The score comes from only {evidence.n_rows} held-out rows.",
                advice="Score it again on newer rows with known answers: espalier monitor.",
            )
        )
    low, high = sorted(evidence.interval)
    worse = evidence.cv_score > high if evidence.higher_is_better else evidence.cv_score < low
    if worse and math.isfinite(evidence.cv_score):
        found.append(
            Reason(
                gravity=Gravity.DOUBT,
                said="Held-out rows score clearly worse than cross-validation promised "
                f"({evidence.score:.4g} instead of {evidence.cv_score:.4g}).",
                advice="If rows belong together or follow each other in time, name the column: "
                "--group-column or --time-column.",
            )
        )
    if evidence.learnt_all:
        found.append(
            Reason(
                gravity=Gravity.NOTE,
                said="The registered model has learnt from the held-out rows too, after they had "
                "scored it.",
                advice="Later versions can be compared with it only on newer rows.",
            )
        )
    return found


def _of_data(evidence: Evidence) -> list[Reason]:
    found = []
    for column, why in evidence.suspects:
        found.append(
            Reason(
                gravity=Gravity.DOUBT,
                said=f"Column {column!r} may give the answer away: {why}.",
                advice="Ask whether it is known when a prediction is needed; if not, train again "
                "with --exclude.",
            )
        )
    if evidence.repeated:
        found.append(
            Reason(
                gravity=Gravity.DOUBT,
                said=f"{evidence.repeated:,} held-out rows are also among the rows that it learnt "
                "from, word for word: new rows will score worse.",
                advice="Remove repeated rows, or name the column they belong together by: "
                "--group-column.",
            )
        )
    if evidence.broken:
        more = f" and {len(evidence.broken) - 1} more" if len(evidence.broken) > 1 else ""
        found.append(
            Reason(
                gravity=Gravity.DOUBT,
                said=f"The data break an expectation: {evidence.broken[0]}{more}.",
                advice="See the section on the data below.",
            )
        )
    return found


def _of_probabilities(calibration: CalibrationReport | None) -> list[Reason]:
    if calibration is None:
        return []
    excess = calibration_excess(calibration.after.curve)
    if excess <= MISCALIBRATED:
        return []
    return [
        Reason(
            gravity=Gravity.DOUBT,
            said="Probabilities are off: on average by "
            f"{calibration.after.calibration_error:.1%}, more than chance explains.",
            advice="Use the order of the rows rather than the probabilities themselves.",
        )
    ]


def calibration_excess(curve: Sequence[ReliabilityBin]) -> float:
    """Return the calibration error less the one that right probabilities would show by chance.

    Of n rows with the right probability p, the observed share is off by sqrt(2 p (1 - p) / (pi n))
    on average.
    """
    total = sum(each.n_rows for each in curve)
    if not total:
        return 0.0
    off = sum(each.n_rows * abs(each.predicted - each.observed) for each in curve)
    chance = sum(
        each.n_rows
        * math.sqrt(2.0 * each.predicted * (1.0 - each.predicted) / (math.pi * each.n_rows))
        for each in curve
    )
    return (off - chance) / total


def _of_intervals(evidence: Evidence) -> list[Reason]:
    if evidence.covered is None or not evidence.n_rows:
        return []
    error = math.sqrt(_REPORTED_COVERAGE * (1.0 - _REPORTED_COVERAGE) / evidence.n_rows)
    if evidence.covered >= _REPORTED_COVERAGE - COVERAGE_ERRORS * error:
        return []
    return [
        Reason(
            gravity=Gravity.DOUBT,
            said=f"Its 90 % intervals hold only {evidence.covered:.0%} of the held-out values.",
            advice="Ask for a larger coverage than you need, such as --interval 0.95.",
        )
    ]


def of_failures(failed_share: float) -> list[Reason]:
    """Return what to say of trials that failed; nothing where they were few."""
    if failed_share <= FAILED_SHARE:
        return []
    return [
        Reason(
            gravity=Gravity.NOTE,
            said=f"{failed_share:.0%} of the trials ended without a score.",
            advice="The last section says why; more memory or time may help.",
        )
    ]
