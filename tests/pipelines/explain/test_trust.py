"""Whether a score can be trusted: each reason when it holds, and none when none does."""

from dataclasses import replace

import pytest

from espalier.pipelines.calibration.reliability import Reliability, ReliabilityBin
from espalier.pipelines.calibration.report import CalibrationReport
from espalier.pipelines.explain.reasons import Gravity
from espalier.pipelines.explain.trust import Evidence, calibration_excess, judge

SOUND = Evidence(
    score=0.9,
    baseline=0.5,
    cv_score=0.91,
    interval=(0.87, 0.93),
    higher_is_better=True,
    n_rows=1_000,
)
LOSS = replace(
    SOUND, score=1.0, baseline=2.0, cv_score=0.98, interval=(0.9, 1.1), higher_is_better=False
)


def reliability(*bins):
    curve = tuple(ReliabilityBin(predicted=p, observed=o, n_rows=n) for p, o, n in bins)
    return Reliability(log_loss=0.3, brier=0.1, calibration_error=0.1, curve=curve, n_rows=1)


def calibrated(*bins):
    found = reliability(*bins)
    return CalibrationReport(method="none", before=found, after=found, tried=())


@pytest.mark.parametrize("evidence", [SOUND, LOSS])
def test_a_sound_score_has_no_reason_for_doubt(evidence):
    found = judge(evidence)
    assert found.gravity is None
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("evidence", "gravity", "said"),
    [
        (replace(SOUND, score=0.5), Gravity.GRAVE, "no better than always"),
        (replace(LOSS, score=2.1), Gravity.GRAVE, "no better than always"),
        (replace(SOUND, interval=(0.45, 1.0)), Gravity.GRAVE, "may be chance"),
        (replace(LOSS, interval=(0.5, 2.2)), Gravity.GRAVE, "may be chance"),
        (
            replace(SOUND, interval=(float("-inf"), float("inf"))),
            Gravity.GRAVE,
            "cannot be told",
        ),
        (replace(SOUND, interval=(0.7, 1.0), cv_score=0.9), Gravity.DOUBT, "interval is wide"),
        (replace(SOUND, n_rows=60), Gravity.DOUBT, "only 60 held-out rows"),
        (replace(SOUND, cv_score=0.95), Gravity.DOUBT, "clearly worse than cross-validation"),
        (replace(LOSS, cv_score=0.7), Gravity.DOUBT, "clearly worse than cross-validation"),
        (replace(SOUND, suspects=(("paid", "too good"),)), Gravity.DOUBT, "'paid' may give"),
        (replace(SOUND, repeated=7), Gravity.DOUBT, "7 held-out rows are also"),
        (replace(SOUND, broken=("age is old",)), Gravity.DOUBT, "age is old"),
        (replace(SOUND, covered=0.8), Gravity.DOUBT, "hold only 80%"),
        (
            replace(SOUND, calibration=calibrated((0.2, 0.5, 500), (0.8, 0.5, 500))),
            Gravity.DOUBT,
            "Probabilities are off",
        ),
        (replace(SOUND, failed_share=0.5), Gravity.NOTE, "50% of the trials"),
        (replace(SOUND, learnt_all=True), Gravity.NOTE, "has learnt from the held-out rows"),
    ],
)
def test_each_reason_is_found_alone(evidence, gravity, said):
    found = judge(evidence)
    assert len(found.reasons) == 1
    assert found.reasons[0].gravity is gravity
    assert said in found.reasons[0].said
    assert found.reasons[0].advice
    assert found.gravity == (None if gravity is Gravity.NOTE else gravity)


def test_the_gravest_reason_comes_first_and_gives_the_headline():
    found = judge(replace(SOUND, n_rows=20, interval=(0.3, 1.0), failed_share=0.9))
    assert [each.gravity for each in found.reasons] == list(Gravity)
    assert found.headline == "Do not rely on it yet"


def test_chance_alone_is_no_miscalibration():
    # Of 100 rows with probability 0.5, the observed share is off by 0.04 on average.
    assert calibration_excess(reliability((0.5, 0.54, 100)).curve) == pytest.approx(0.0, abs=2e-3)
    assert calibration_excess(reliability((0.5, 0.54, 10_000)).curve) > 0.03
    assert calibration_excess(()) == 0.0


def test_better_on_the_hold_out_than_promised_is_no_reason():
    assert judge(replace(SOUND, cv_score=0.8)).reasons == ()
