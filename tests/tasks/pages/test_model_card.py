"""The page that tells what a model is."""

from dataclasses import replace
from pathlib import Path

from espalier.pipelines.calibration.reliability import Reliability, ReliabilityBin
from espalier.pipelines.calibration.report import (
    AdjustmentReport,
    CalibrationReport,
    IntervalReport,
    ThresholdChoice,
)
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.finishing.prefer import FrontPoint
from espalier.pipelines.members.preference import Preference
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialStatus
from espalier.tasks.pages.leaderboard_table import front_tags
from espalier.tasks.pages.model_card import model_card
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef

SHAPE = DatasetShape(problem=ProblemKind.BINARY, n_rows=1_455, n_columns=31, n_classes=2)
PREPARED = PreparedRef(
    path=Path("prepared.pkl"), metric="roc_auc", shape=SHAPE, n_holdout=114, n_folds=5, folds="5"
)
ENSEMBLE = EnsembleRecord(
    path=Path("model"),
    method="convex stagewise",
    cv_score=0.91,
    weights={0: 0.25, 1: 0.75},
    combiners=(("best single", 0.9, 1), ("<b>mean</b>", 0.89, 3)),
)
HOLDOUT = HoldoutRecord(score=0.9, interval=(0.85, 0.95), baseline=0.5, n_rows=114)


def _row(trial: int, weight: float, score: float | None = 0.9) -> LeaderboardRow:
    return LeaderboardRow(
        trial=trial,
        family="linear",
        score=score,
        score_std=None,
        fit_seconds=1.0,
        predict_ms_per_row=None,
        size_mb=None,
        weight=weight,
        status=TrialStatus.SUCCESS,
        origin="default",
        configuration=Configuration("linear", ()),
    )


def test_it_tells_the_score_the_members_and_the_rivals() -> None:
    card = model_card(PREPARED, ENSEMBLE, HOLDOUT, [_row(0, 0.25), _row(1, 0.75), _row(2, 0.0)])
    assert "**roc\\_auc 0.9** on 114 held-out rows, 95 % interval 0.85 to 0.95" in card
    assert card.index("| 1 | linear | 0.75") < card.index("| 0 | linear | 0.25")
    assert "| 2 | linear" not in card
    assert "| best single | 0.9 | 1 |" in card


def test_it_shows_the_front_of_what_was_asked_for() -> None:
    point = FrontPoint(
        name="ensemble of 2 models",
        trial=None,
        score=0.91,
        latency=2.0,
        size=3.0,
        operations=4000.0,
        chosen=True,
    )
    card = model_card(PREPARED, replace(ENSEMBLE, front=(point,)), HOLDOUT, [_row(0, 1.0)])
    assert "| ensemble of 2 models | 0.91 | 2 | 3 | 4,000 | chosen |" in card
    tags = front_tags(Preference(objectives=("score", "size"), prefer="small"), (point,))
    assert tags["front"] == "ensemble of 2 models: 0.91, 2 ms, 3 MiB, 4e+03 operations (chosen)"
    assert (tags["objectives"], tags["prefer"]) == ("score,size", "small")
    assert front_tags(Preference(), ()) == {}


def test_it_shows_some_of_many_members_and_counts_the_rest() -> None:
    card = model_card(PREPARED, ENSEMBLE, HOLDOUT, [_row(i, 1 / 20) for i in range(20)])
    assert card.count("| linear |") == 12
    assert "and 8 more" in card


def test_it_tells_calibration_threshold_and_intervals() -> None:
    bins = (ReliabilityBin(predicted=0.2, observed=0.25, n_rows=60),)
    before = Reliability(log_loss=0.6, brier=0.3, calibration_error=0.1, curve=bins, n_rows=120)
    after = replace(before, log_loss=0.5, calibration_error=0.02)
    report = AdjustmentReport(
        calibration=CalibrationReport(method="beta", before=before, after=after, tried=()),
        threshold=ThresholdChoice(value=0.31, before=0.4, after=0.55, standard_error=0.01),
    )
    card = model_card(PREPARED, replace(ENSEMBLE, adjusted=report), HOLDOUT, [_row(0, 1.0)])
    assert "| log loss | 0.6 | 0.5 |" in card
    assert "| 0.200 | 0.250 | 60 |" in card
    assert "**Threshold 0.31**, tuned for roc\\_auc: 0.55 on left-out rows" in card
    report = AdjustmentReport(
        intervals=IntervalReport(
            scaled_by="spread", asked=0.9, coverage=0.912, mean_width=3.5, n_rows=300
        )
    )
    card = model_card(PREPARED, replace(ENSEMBLE, adjusted=report), HOLDOUT, [_row(0, 1.0)])
    assert "Asked for 90%, they cover 91.2% of left-out rows" in card
    assert "### Probabilities" not in card


def test_what_comes_from_outside_is_text() -> None:
    assert "<b>" not in model_card(PREPARED, ENSEMBLE, HOLDOUT, [_row(0, 1.0)])
