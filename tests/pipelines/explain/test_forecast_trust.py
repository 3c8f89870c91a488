"""Whether a forecast can be trusted: each reason when it holds, and none when none does."""

from dataclasses import replace

import pytest

from espalier.pipelines.explain.forecast_trust import ForecastEvidence, judge_forecast
from espalier.pipelines.explain.reasons import Gravity

SOUND = ForecastEvidence(
    score=0.8,
    baseline=1.2,
    cv_score=0.82,
    interval=(0.72, 0.88),
    n_values=240,
    n_series=20,
    horizon=12,
    n_beaten=3,
    nominal=0.8,
    covered=0.77,
)


def test_a_sound_forecast_has_no_reason_for_doubt():
    found = judge_forecast(SOUND)
    assert found.gravity is None
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("evidence", "gravity", "said"),
    [
        (replace(SOUND, score=1.2, cv_score=1.2), Gravity.GRAVE, "no better than repeating"),
        (replace(SOUND, is_naive=True), Gravity.GRAVE, "no member could be fitted"),
        (replace(SOUND, interval=(0.4, 1.3)), Gravity.DOUBT, "may be chance"),
        (replace(SOUND, interval=(0.0, float("inf"))), Gravity.DOUBT, "cannot be told"),
        (replace(SOUND, interval=(0.6, 1.0)), Gravity.NOTE, "25% better or worse"),
        (replace(SOUND, n_beaten=12), Gravity.DOUBT, "For 12 of 20 series"),
        (replace(SOUND, n_values=12), Gravity.DOUBT, "only 12 held-out values"),
        (replace(SOUND, cv_score=0.5), Gravity.DOUBT, "0.8 instead of 0.5"),
        (replace(SOUND, covered=0.6), Gravity.DOUBT, "too narrow: 60%"),
        (replace(SOUND, covered=0.95), Gravity.NOTE, "Its bands are wide"),
        (replace(SOUND, worse_from=10), Gravity.NOTE, "Steps 10 on are no better"),
        (replace(SOUND, worse_from=12), Gravity.NOTE, "Step 12 is no better"),
        (replace(SOUND, compared_too=True), Gravity.NOTE, "a little too good"),
        (replace(SOUND, broken=("gaps grew",)), Gravity.DOUBT, "gaps grew"),
        (replace(SOUND, failed_share=0.6), Gravity.NOTE, "60% of the trials"),
    ],
)
def test_each_reason_is_found_alone(evidence, gravity, said):
    found = judge_forecast(evidence)
    assert [each.gravity for each in found.reasons] == [gravity]
    assert said in found.reasons[0].said
    assert found.reasons[0].advice
    assert found.gravity == (None if gravity is Gravity.NOTE else gravity)


def test_few_series_say_nothing_of_the_others():
    assert judge_forecast(replace(SOUND, n_series=3, n_beaten=3)).reasons == ()
