"""The sections of the report: each appears with what it shows, and not without."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from espalier.infra.tracking.artifacts import ROWS_BEGIN, ROWS_END
from espalier.pipelines.explain.coverage import Coverage
from espalier.pipelines.explain.curves import ClassScore, class_curves
from espalier.pipelines.explain.effects.dependence import Dependence
from espalier.pipelines.explain.explanation import NOTHING_EXPLAINED
from espalier.pipelines.explain.mistakes import deviations
from espalier.pipelines.explain.search.growth import GrowthStage
from espalier.pipelines.explain.search.relatives import Change, Relative
from espalier.pipelines.explain.search.setting_importance import FamilyImportance, SettingShare
from espalier.pipelines.explain.search.story import (
    Expectation,
    FamilyRecord,
    OriginRecord,
    SearchStory,
)
from espalier.pipelines.explain.weak_spots import WeakSlice, WorstRow
from espalier.pipelines.pages.small_charts import dependence_chart, histogram, line_chart
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.pages.report_page import report_page
from espalier.tasks.pages.reproducing import how_to_reproduce
from tests.tasks.pages.test_report_page import EVIL, facts, row  # noqa: F401

TRUTH = np.array([0, 0, 1, 1, 0, 1])
CURVES = class_curves(
    TRUTH, np.array([0.1, 0.6, 0.4, 0.9, 0.2, 0.8]), positive="yes", threshold=0.5
)
STORY = SearchStory(
    n_trials=3,
    families=(
        FamilyRecord(
            family="linear",
            n_trials=3,
            n_scored=2,
            n_stopped=0,
            n_failed=1,
            best=0.91,
            median=0.9,
            seconds=4.0,
            weight=1.0,
        ),
    ),
    family_share=0.4,
    settings=(
        FamilyImportance(
            family="linear",
            n_trials=12,
            fit=0.7,
            shares=(SettingShare(name="C", alone=0.6, in_all=0.8),),
        ),
        FamilyImportance(family="mlp", n_trials=12, fit=-0.2, shares=()),
    ),
    origins=(
        OriginRecord(
            origin="surrogate", n_trials=3, n_scored=2, n_records=1, best=0.91, weight=1.0
        ),
    ),
    expectations=(Expectation(trial=1, expected=0.5, observed=1.5),),
    line=(
        Relative(trial=0, origin="default", family="linear", score=0.9),
        Relative(
            trial=1,
            origin="surrogate",
            family="linear",
            score=0.91,
            changes=(Change(name="C", before=1.0, after=0.25),),
            n_changes=1,
        ),
    ),
    growth=(
        GrowthStage(trial=1, share=0.7, alone=0.91, together=0.91),
        GrowthStage(trial=0, share=0.3, alone=0.9, together=0.92),
    ),
)
LINE = Dependence(
    column="tenure",
    values=(1.0, 2.0),
    means=(0.2, 0.4),
    low=(0.1, 0.3),
    high=(0.3, 0.5),
    n_rows=50,
)
KINDS = replace(LINE, column="plan", values=("basic", "full"))


@pytest.fixture
def full(facts):  # noqa: F811
    explained = replace(
        facts.explanation,
        curves=CURVES,
        slices=(
            WeakSlice(
                column="plan", value="basic", n_rows=40, loss=0.9, loss_elsewhere=0.3, errors=4.2
            ),
        ),
        worst=(WorstRow(row=17, truth="no", answer="yes", loss=3.1, sureness=0.95),),
        dependences=(LINE, KINDS),
        answer="yes",
    )
    request = TrainRequest.parse(
        {"data": "churn.csv", "target": "churned", "trials": 3, "families": ["linear", "mlp"]}
    )
    again = how_to_reproduce(
        request, facts.version, fingerprint="f00d", versions={"python": "3.12.1"}
    )
    return replace(facts, explanation=explained, story=STORY, reproduce=again)


SECTIONS = (
    "How answers depend on the strongest columns",
    "How well the classes are told apart",
    "The threshold by what errors cost",
    "Where it is weak",
    "The worst rows",
    "Families",
    "Who proposed what",
    "Which settings mattered",
    "Expected and observed",
    "Where the best trial comes from",
    "as members join",
    "How to make it again",
)


def test_every_section_is_there(full):
    page = report_page(full)
    for text in (
        *SECTIONS,
        "Usable, with care",  # an expectation about the data does not hold
        "basic",
        "95.0%",
        "40% of the differences",
        "proposed by the predictor",
        "the forest explains 70%",
        "Of mlp, the trials are too few",
        "<code>C</code> 1 → 0.25",
        "espalier train churn.csv --target churned --trials 3 --families linear,mlp",
        "espalier verify churn/3",
        "f00d",
    ):
        assert text in page, text


def test_no_section_is_there_without_what_it_shows(facts):  # noqa: F811
    page = report_page(replace(facts, explanation=NOTHING_EXPLAINED))
    for text in SECTIONS:
        assert text not in page, text


def test_of_values_there_are_residuals_and_intervals(full):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    shape = replace(full.prepared.shape, problem=ProblemKind.REGRESSION, n_classes=1)
    covered = tuple(
        Coverage(asked=level, covered=level - 0.01, width=2.0, by_size=((0.0, 1.0, 0.5),))
        for level in (0.5, 0.9)
    )
    page = report_page(
        replace(
            full,
            prepared=replace(full.prepared, shape=shape, metric="rmse"),
            explanation=replace(
                NOTHING_EXPLAINED,
                deviations=deviations(truth, truth + rng.normal(size=200)),
                coverages=covered,
                worst=(WorstRow(row=3, truth="1", answer="9", loss=8.0),),
            ),
        )
    )
    for text in ("predicted minus true", "Prediction intervals", "89.0%", "absolute error"):
        assert text in page, text
    assert "threshold" not in page
    assert "probability it gave" not in page


def test_of_several_classes_each_has_a_line(full):
    scores = (ClassScore(label="gold", n_rows=7, precision=None, recall=0.25, roc_auc=0.8),)
    page = report_page(
        replace(full, explanation=replace(full.explanation, curves=None, classes=scores))
    )
    assert "Each class against the others" in page
    assert "gold" in page
    assert "ROC curve" not in page


def test_what_names_single_rows_stands_between_its_marks(full):
    page = report_page(full)
    inside = page.split(ROWS_BEGIN)[1].split(ROWS_END)[0]
    assert "The worst rows" in inside
    assert "Where it is weak" not in inside
    evil = replace(full, target=ROWS_END)
    assert report_page(evil).count(ROWS_END) == 1


def test_pictures_and_texts_are_linked_between_the_marks_too(full):
    page = report_page(replace(full, examples="examples.html"))
    assert page.count(ROWS_BEGIN) == page.count(ROWS_END) == 2
    assert 'href="examples.html"' in page.split(ROWS_BEGIN)[2].split(ROWS_END)[0]
    alone = report_page(replace(full, explanation=NOTHING_EXPLAINED, examples="examples.html"))
    assert 'href="#weak"' in alone
    assert 'href="examples.html"' in alone


def test_nothing_of_the_data_is_markup(full):
    explained = replace(
        full.explanation,
        slices=(replace(full.explanation.slices[0], column=EVIL, value=EVIL),),
        worst=(replace(full.explanation.worst[0], truth=EVIL, answer=EVIL),),
        dependences=(replace(LINE, column=EVIL), replace(KINDS, values=(EVIL, '"><img src=x>'))),
        answer=EVIL,
        curves=replace(CURVES, positive=EVIL),
    )
    story = replace(
        STORY,
        families=(replace(STORY.families[0], family=EVIL),),
        origins=(replace(STORY.origins[0], origin=EVIL),),
        line=(replace(STORY.line[0], origin=EVIL), STORY.line[1]),
    )
    page = report_page(replace(full, explanation=explained, story=story, leaderboard=(row(0),)))
    assert "<script" not in page
    assert "<img" not in page


def test_the_page_needs_no_network_and_every_chart_is_described(full):
    page = report_page(full)
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "url(" not in page
    assert "@import" not in page
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(charts) >= 8
    for chart in charts:
        root = ElementTree.fromstring(chart)
        assert root.get("role") == "img"
        assert root.get("aria-label") or root[0].text


def test_small_charts_are_well_formed_and_empty_without_points():
    assert line_chart([], title="t", said="", across="x", up="y") == ""
    assert histogram([], title="t", across="x") == ""
    same = replace(LINE, values=(1.0, 1.0), means=(0.5, 0.5), low=(0.5, 0.5), high=(0.5, 0.5))
    for chart in (
        dependence_chart(LINE, "value"),
        dependence_chart(KINDS, "value"),
        dependence_chart(same, "value"),
        histogram([(0.0, 1.0, 3), (1.0, 2.0, 0)], title="t", across="x"),
    ):
        root = ElementTree.fromstring(str(chart))
        _, _, width, height = map(float, root.get("viewBox").split())
        for circle in root.iter("circle"):
            assert 0 <= float(circle.get("cx")) <= width
            assert 0 <= float(circle.get("cy")) <= height


def test_a_forecast_is_made_again_by_its_command_alone(full):
    request = TrainRequest.parse(
        {"data": "s.csv", "target": "units", "time_column": "day", "horizon": 7, "trials": 4}
    )
    again = how_to_reproduce(
        request, full.version, fingerprint="f", versions={}, can_be_verified=False
    )
    assert "--horizon 7" in again.command
    assert "--time-column day" in again.command
    assert again.check == ""
    page = report_page(replace(full, reproduce=again))
    assert "espalier verify" not in page
    assert "The second command" not in page
