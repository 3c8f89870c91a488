"""Whether a forecast can be trusted, in plain words: what speaks against it, and what to do."""

import math
from dataclasses import dataclass

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

FEW_VALUES = 30
"""Held-out values below which a score is called uncertain whatever its interval."""
MANY_BEATEN = 0.4
"""Share of series that do better with the seasonal naive forecast that is worth a doubt."""
COVERAGE_OFF = 0.1
"""By how much the share of values within the band may be off. Values of one block of time miss it
together, so the binomial error would promise too much."""
TURN = 1.3
"""The held-out block is called another time if it scores so many times worse than the origins."""
_FEWEST_SERIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastEvidence:
    """What the judgement of a forecast is based on; every metric is an error, so lower is better.

    Attributes
    ----------
    score, baseline, cv_score : float
        The metric on the held-out block, that of the seasonal naive forecast there, and of the
        forecast at the origins of the search.
    interval : (float, float)
        95 % interval of ``score``.
    n_values, n_series, horizon : int
        Held-out values, series, and steps ahead.
    n_beaten : int
        Series that the seasonal naive forecast does better.
    nominal, covered : float or None
        Share of the values that should be, and that are, within the outer quantiles.
    worse_from : int or None
        The step from which on the forecast is not better than the seasonal naive one.
    is_naive : bool
        Whether the forecast is the seasonal naive one, for want of a member.
    compared_too : bool
        Whether trials were compared on the held-out block, too.
    broken : tuple of str
        Expectations about the data that do not hold.
    failed_share : float
        Share of trials that failed.
    """

    score: float
    baseline: float
    cv_score: float
    interval: tuple[float, float]
    n_values: int
    n_series: int
    horizon: int
    n_beaten: int = 0
    nominal: float | None = None
    covered: float | None = None
    worse_from: int | None = None
    is_naive: bool = False
    compared_too: bool = False
    broken: tuple[str, ...] = ()
    failed_share: float = 0.0

    @property
    def gain(self) -> float:
        """By how much the error is smaller than the seasonal naive forecast's."""
        return self.baseline - self.score


def judge_forecast(evidence: ForecastEvidence) -> Judgement:
    """Return the judgement with all its reasons."""
    return judgement_of(
        [
            *_against_naive(evidence),
            *_of_series(evidence),
            *_of_time(evidence),
            *_of_band(evidence),
            *broken_expectations(evidence.broken),
            *failed_trials(evidence.failed_share),
        ]
    )


def _against_naive(evidence: ForecastEvidence) -> list[Reason]:
    if evidence.is_naive or not evidence.gain > 0:
        said = "It is the seasonal naive forecast: no member could be fitted."
        if not evidence.is_naive:
            said = "It is no better than repeating the values of a season before."
        advice = (
            "Give it more time or a longer history, or columns that say something about the future "
            "(--known-covariates, --holidays)."
        )
        return [grave(said, advice)]
    if not all(map(math.isfinite, evidence.interval)):
        return [
            doubt(
                "How sure the score is cannot be told: there are too few series, and too few "
                "earlier blocks of time.",
                "A longer history leaves room for more origins.",
            )
        ]
    low, high = evidence.interval
    if high >= evidence.baseline:
        return [
            doubt(
                "The interval of its score includes the score of repeating the values of a "
                "season before: the lead may be chance.",
                "Compare them again as values come in: espalier monitor.",
            )
        ]
    half = (high - low) / 2.0
    if half > WIDE_SHARE * evidence.gain and evidence.score > 0:
        return [
            note(
                "The score may as well be "
                f"{half / evidence.score:.0%} better or worse on other series or at another time.",
                "More series and a longer history narrow it.",
            )
        ]
    return []


def _of_series(evidence: ForecastEvidence) -> list[Reason]:
    if evidence.n_series < _FEWEST_SERIES:
        return []
    share = evidence.n_beaten / evidence.n_series
    if share <= MANY_BEATEN:
        return []
    return [
        doubt(
            f"For {evidence.n_beaten:,} of {evidence.n_series:,} series, repeating the values "
            "of a season before would have been better.",
            "Look at the worst series below: forecasts of series that behave otherwise than "
            "the rest are better trained apart.",
        )
    ]


def _of_time(evidence: ForecastEvidence) -> list[Reason]:
    advice = "Score it again as values come in: espalier monitor."
    found = few_held_out(evidence.n_values, FEW_VALUES, "values", advice)
    if evidence.cv_score > 0 and evidence.score > TURN * evidence.cv_score:
        found.append(
            doubt(
                "The held-out time is harder than those before it, or the series have turned: "
                f"the error is {evidence.score:.4g} instead of {evidence.cv_score:.4g}.",
                "Look at the back-test below, and train again often: espalier retrain.",
            )
        )
    if evidence.worse_from is not None and not evidence.is_naive and evidence.gain > 0:
        last = evidence.worse_from == evidence.horizon
        steps = f"Step {evidence.worse_from} is" if last else f"Steps {evidence.worse_from} on are"
        found.append(
            note(
                f"{steps} no better than the seasonal naive forecast.",
                "Forecast again before these steps are needed, or ask for a shorter --horizon.",
            )
        )
    if evidence.compared_too:
        found.append(
            note(
                "Trials were compared on this block too, so its score is a little too good.",
                "Score it on values that come later.",
            )
        )
    return found


def _of_band(evidence: ForecastEvidence) -> list[Reason]:
    if evidence.nominal is None or evidence.covered is None:
        return []
    off = evidence.covered - evidence.nominal
    if abs(off) <= COVERAGE_OFF:
        return []
    if off < 0:
        return [
            doubt(
                f"Its bands are too narrow: {evidence.covered:.0%} of the held-out values lie "
                f"within them, {evidence.nominal:.0%} should.",
                "Ask for quantiles further out than you need, such as --quantiles 0.05,0.5,0.95.",
            )
        ]
    return [
        note(
            f"Its bands are wide: {evidence.covered:.0%} of the held-out values lie within "
            f"them, {evidence.nominal:.0%} should.",
            "Read them as a little too careful.",
        )
    ]
