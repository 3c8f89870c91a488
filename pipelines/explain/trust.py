"""Whether a score can be trusted, in plain words: what speaks against it, and what to do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from espalier.pipelines.calibration.reliability import ReliabilityBin
from espalier.pipelines.calibration.report import CalibrationReport
from espalier.pipelines.explain.reasons import (
    WIDE_SHARE,
    Judgement,
    Reason,
    broken_expectations,
    doubt,
    failed_trials,
    few_held_out,
    grave,
    judgement_of,
    note,
)

FEW_ROWS = 100
"""Hold-out rows below which a score is called uncertain whatever its interval."""
MISCALIBRATED = 0.03
"""Calibration error beyond what chance explains from which probabilities are called off."""
COVERAGE_ERRORS = 3.0
"""Standard errors from which the coverage of intervals is called off."""
_REPORTED_COVERAGE = 0.9


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


def judge(evidence: Evidence) -> Judgement:
    """Return the judgement with all its reasons."""
    return judgement_of(
        [
            *_against_baseline(evidence),
            *_of_data(evidence),
            *_of_rows(evidence),
            *_of_probabilities(evidence.calibration),
            *_of_intervals(evidence),
            *failed_trials(evidence.failed_share),
        ]
    )


def _against_baseline(evidence: Evidence) -> list[Reason]:
    if not evidence.gain > 0:
        return [
            grave(
                "It is no better than always giving the same answer.",
                "Look for columns that say something about the target, or for more rows.",
            )
        ]
    if not all(map(math.isfinite, evidence.interval)):
        return [
            grave(
                "How sure the score is cannot be told: the held-out rows are too few, or all "
                "of one group.",
                "Train on more rows, or on rows of more groups.",
            )
        ]
    if not evidence.surely_better:
        return [
            grave(
                "The interval of its score includes the score of always giving the same "
                "answer: the lead may be chance.",
                "Collect more rows; until then, treat it as no better than that.",
            )
        ]
    half = abs(evidence.interval[1] - evidence.interval[0]) / 2.0
    if half > WIDE_SHARE * evidence.gain:
        return [
            doubt(
                "The interval is wide: give or take "
                f"{half / evidence.gain:.0%} of what the model gains over a constant answer.",
                "More rows narrow it; four times as many halve it.",
            )
        ]
    return []


def _of_rows(evidence: Evidence) -> list[Reason]:
    advice = "Score it again on newer rows with known answers: espalier monitor."
    found = few_held_out(evidence.n_rows, FEW_ROWS, "rows", advice)
    low, high = sorted(evidence.interval)
    worse = evidence.cv_score > high if evidence.higher_is_better else evidence.cv_score < low
    if worse and math.isfinite(evidence.cv_score):
        found.append(
            doubt(
                "Held-out rows score clearly worse than cross-validation promised "
                f"({evidence.score:.4g} instead of {evidence.cv_score:.4g}).",
                "If rows belong together or follow each other in time, name the column: "
                "--group-column or --time-column.",
            )
        )
    if evidence.learnt_all:
        found.append(
            note(
                "The registered model has learnt from the held-out rows too, after they had "
                "scored it.",
                "Later versions can be compared with it only on newer rows.",
            )
        )
    return found


def _of_data(evidence: Evidence) -> list[Reason]:
    found = []
    for column, why in evidence.suspects:
        found.append(
            doubt(
                f"Column {column!r} may give the answer away: {why}.",
                "Ask whether it is known when a prediction is needed; if not, train again "
                "with --exclude.",
            )
        )
    if evidence.repeated:
        found.append(
            doubt(
                f"{evidence.repeated:,} held-out rows are also among the rows that it learnt "
                "from, word for word: new rows will score worse.",
                "Remove repeated rows, or name the column they belong together by: --group-column.",
            )
        )
    return found + broken_expectations(evidence.broken)


def _of_probabilities(calibration: CalibrationReport | None) -> list[Reason]:
    if calibration is None:
        return []
    excess = calibration_excess(calibration.after.curve)
    if excess <= MISCALIBRATED:
        return []
    return [
        doubt(
            "Probabilities are off: on average by "
            f"{calibration.after.calibration_error:.1%}, more than chance explains.",
            "Use the order of the rows rather than the probabilities themselves.",
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
        doubt(
            f"Its 90 % intervals hold only {evidence.covered:.0%} of the held-out values.",
            "Ask for a larger coverage than you need, such as --interval 0.95.",
        )
    ]
