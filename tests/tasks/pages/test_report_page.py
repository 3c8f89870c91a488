"""The report: every part where it belongs, and nothing of the data as markup."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.explain.explanation import NOTHING_EXPLAINED, Explanation
from espalier.pipelines.explain.importance import ColumnImportance
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.mistakes import ConfusionMatrix, Deviations
from espalier.pipelines.pages.charts import diagonal_chart, interval_chart, progress_chart
from espalier.pipelines.pages.page import number
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.failures import Failures
from espalier.pipelines.trials.trial import TrialStatus
from espalier.tasks.pages.report_page import ReportFacts, report_page
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, ValidationRecord

EVIL = "<script>alert('x')</script>"


def row(trial, score=0.9, weight=0.0, family="linear"):
    return LeaderboardRow(
        trial=trial,
        family=family,
        score=score,
        score_std=0.01,
        fit_seconds=1.0,
        predict_ms_per_row=0.1,
        size_mb=0.5,
        weight=weight,
        status=TrialStatus.SUCCESS if score is not None else TrialStatus.FAILED,
        origin="default",
        configuration=Configuration.of(family, {"C": 1.0}),
    )


@pytest.fixture
def facts():
    shape = DatasetShape(problem=ProblemKind.BINARY, n_rows=455, n_columns=30, n_classes=2)
    return ReportFacts(
        version=RegisteredVersion(
            name="churn", version=3, alias="champion", run_id="r", uri="models:/churn/3"
        ),
        data="churn.csv",
        target="churned",
        higher_is_better=True,
        prepared=PreparedRef(
            path=Path("p"),
            metric="roc_auc",
            shape=shape,
            n_holdout=114,
            n_folds=5,
            folds="5 folds",
            notes=("2 dates were read",),
            set_aside=(("id", "an identifier"),),
        ),
        validation=ValidationRecord(
            n_expectations=12,
            failures=(("warning", "age is old"),),
            json_path=Path("j"),
            html_path=Path("h"),
        ),
        ensemble=EnsembleRecord(
            path=Path("m"),
            method="greedy",
            cv_score=0.91,
            weights={1: 1.0},
            combiners=(("greedy", 0.91, 1), ("plain average", 0.90, 2)),
        ),
        holdout=HoldoutRecord(score=0.9, interval=(0.85, 0.95), baseline=0.5, n_rows=114),
        explanation=Explanation(
            importances=(
                ColumnImportance(name="tenure", loss=0.1, spread=0.01),
                ColumnImportance(name="noise", loss=-0.001, spread=0.0),
            ),
            n_columns=5,
            n_rows=114,
            n_mistake_rows=114,
            confusion=ConfusionMatrix(labels=("no", "yes"), counts=((80, 4), (10, 20))),
        ),
        leaderboard=(row(1, 0.91, 1.0), row(0), row(2, None)),
        failures=(Failures(family="mlp", status="failed", count=1, reason="diverged"),),
    )


def test_every_part_is_there(facts):
    page = report_page(facts)
    for text in (
        "churn version 3",
        "champion",
        "two-class classification",
        "What the model needs",
        "tenure",
        "Time did not suffice for 3 more columns",
        "What it mixes up",
        "67%",
        "The ensemble: greedy",
        "plain average",
        "2 dates were read",
        "an identifier",
        "warning: age is old",
        "diverged",
        "12 expectations checked",
    ):
        assert text in page, text
    assert "How far values are off" not in page
    assert 'style="width:100.0%"' in page


def test_of_a_regression_it_shows_how_far_values_are_off(facts):
    shape = replace(facts.prepared.shape, problem=ProblemKind.REGRESSION, n_classes=1)
    off = Deviations(points=((1.0, 1.1), (2.0, 1.9)), quantiles=((0.5, 0.1), (0.9, 0.1)), bias=0.0)
    page = report_page(
        replace(
            facts,
            prepared=replace(facts.prepared, shape=shape, metric="rmse"),
            explanation=Explanation(deviations=off, n_rows=2, n_columns=1),
        )
    )
    assert "How far values are off" in page
    assert "predicted 1.1, true 1" in page
    assert "What it mixes up" not in page


def test_without_an_explanation_and_with_one_trial_it_is_still_a_page(facts):
    page = report_page(
        replace(facts, explanation=NOTHING_EXPLAINED, leaderboard=(row(0, 0.9, 1.0),), failures=())
    )
    assert "What the model needs" not in page
    assert "Trials without a score" not in page


def test_nothing_of_the_data_is_markup(facts):
    hostile = replace(
        facts,
        data=EVIL,
        target=EVIL,
        said=(EVIL,),
        prepared=replace(facts.prepared, set_aside=((EVIL, EVIL),), notes=(EVIL,)),
        explanation=replace(
            facts.explanation,
            importances=(ColumnImportance(name=EVIL, loss=1.0, spread=0.0),),
            confusion=ConfusionMatrix(labels=(EVIL, "b"), counts=((1, 0), (0, 1))),
        ),
        failures=(Failures(family=EVIL, status=EVIL, count=1, reason=EVIL),),
        leaderboard=(row(0, 0.9, 1.0, family=EVIL), row(1, family='"><img src=x>')),
    )
    page = report_page(hostile)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_charts_are_well_formed():
    trials = [(0, 0.5, "a"), (1, 0.9, "<b>"), (2, -1e9, "c")]
    for chart in (
        progress_chart(trials, higher_is_better=True),
        progress_chart(trials, higher_is_better=False),
        diagonal_chart([(0.0, 0.1, "x"), (1.0, 0.8, "y")], across="p", up="o"),
        diagonal_chart([(0.5, 0.5, "x")], across="p", up="o"),
        interval_chart([("dummy", 0.5)], interval=(0.5, 0.5), score=0.5),
    ):
        root = ElementTree.fromstring(str(chart))
        for circle in root.iter("circle"):
            assert 0 <= float(circle.get("cx")) <= 640
            assert 0 <= float(circle.get("cy")) <= 240
    assert not progress_chart(trials[:1], higher_is_better=True)


def test_the_best_so_far_never_gets_worse():
    scores = [3.0, 1.0, 2.0, 0.5]
    chart = str(progress_chart([(n, s, "x") for n, s in enumerate(scores)], higher_is_better=False))
    path = re.search(r'class="line" d="([^"]+)"', chart)[1]
    heights = [float(each) for each in re.findall(r"V([\d.]+)", path)]
    assert heights == sorted(heights), "lower values are drawn further down"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456789, "0.12346"), (1234567.0, "1,234,567"), (None, ""), (float("inf"), "inf")],
)
def test_numbers_for_people(value, text):
    assert number(value) == text
