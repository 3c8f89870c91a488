"""Sections of the report about effects: they appear with what they show, and are no markup."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from espalier.pipelines.explain.columns import ColumnSummary
from espalier.pipelines.explain.effects.dependence import Dependence
from espalier.pipelines.explain.effects.interactions import Interaction
from espalier.pipelines.explain.effects.row_sample import ColumnPush
from espalier.pipelines.explain.explanation import NOTHING_EXPLAINED, Explanation
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.learning_curve import LearningCurve
from espalier.pipelines.explain.series_parts import CalendarEffect, SeriesParts
from espalier.pipelines.pages.facts import DataFacts, EnsembleFacts, PageFacts, SeriesFacts
from espalier.pipelines.pages.page import render_page
from espalier.pipelines.problem import ProblemKind

EVIL = "<script>alert('x')</script>"


def page(explanation, *, columns=(), series=None):
    problem = ProblemKind.REGRESSION
    return render_page(
        PageFacts(
            title="churn",
            metric="rmse",
            higher_is_better=False,
            data=DataFacts(
                source="",
                target="y",
                problem=problem,
                n_rows=10,
                n_columns=2,
                folds="5 folds",
                columns=columns,
                series=series,
            ),
            ensemble=EnsembleFacts(method="greedy", cv_score=1.0),
            explanation=explanation,
            leaderboard=(),
        )
    )


def full(name):
    return Explanation(
        dependences=(
            Dependence(
                column=name,
                values=("a", "b"),
                means=(0.0, 1.0),
                low=(0.0, 0.5),
                high=(0.5, 1.0),
                n_rows=9,
            ),
        ),
        interactions=(
            Interaction(
                across="x",
                beside=name,
                across_values=(0.0, 1.0),
                beside_values=(name, "b"),
                means=((0.0, 1.0), (1.0, 0.0)),
                size=0.5,
                share=0.8,
            ),
        ),
        pushes=(ColumnPush(column=name, size=1.0, points=((-1.0, 0.0), (1.0, 1.0), (0.2, None))),),
        learning=LearningCurve(
            family="linear", points=((10, 3.0), (20, 2.0), (40, 1.0)), higher_is_better=False
        ),
    )


def charts(html):
    return re.findall(r"<svg.*?</svg>", html, re.DOTALL)


def test_effects_have_their_sections_and_described_charts():
    html = page(full("town"))
    for part in (
        "What moved single answers",
        "Columns that act together",
        "80% of this pair",
        "Would more rows help?",
        "more rows of this kind are likely to help",
        "<figcaption>town</figcaption>",
    ):
        assert part in html, part
    for each in charts(html):
        root = ElementTree.fromstring(each)
        assert root.find("title") is not None
        assert root.find("desc") is not None


def test_without_them_the_sections_are_left_out():
    html = page(NOTHING_EXPLAINED)
    for part in ("What moved", "act together", "more rows help", "or most frequent"):
        assert part not in html
    assert "No rows were held out" in html


def test_a_level_curve_says_that_rows_would_hardly_help():
    level = LearningCurve(
        family="linear", points=((10, 3.0), (20, 1.01), (40, 1.0)), higher_is_better=False
    )
    assert "The curve is level" in page(Explanation(learning=level))


def test_pairs_without_a_joint_effect_are_not_drawn():
    pair = full("town").interactions[0]
    assert "act together" not in page(Explanation(interactions=(replace(pair, share=0.001),)))


def test_columns_are_lines_with_small_histograms():
    summary = ColumnSummary(
        name="age", role="numeric", missing=0.25, n_distinct=40, said="1 to 9", shape=(0.5, 1.0)
    )
    html = page(NOTHING_EXPLAINED, columns=(summary,) * 31)
    assert "25%" in html
    assert "1 to 9" in html
    assert "1 more columns" in html
    assert html.count('class="spark"><svg') == 31


@pytest.fixture
def forecast():
    return ForecastExplanation(
        parts=(
            SeriesParts(
                name=EVIL,
                trend=(1.0, 2.0, 3.0),
                season=(-1.0, 1.0),
                trend_strength=0.9,
                season_strength=0.4,
            ),
        ),
        calendar=(
            CalendarEffect(
                unit="day of the week", labels=("Mon", "Tue"), effects=(-0.1, None), n_series=3
            ),
        ),
    )


def test_a_forecast_shows_the_calendar_and_the_parts_of_series(forecast):
    html = page(forecast, series=SeriesFacts(n_series=3, horizon=7, frequency="D"))
    for part in ("What the calendar does", "by day of the week", "season 0.4", "-10.0%", "Mon"):
        assert part in html, part
    for each in charts(html):
        ElementTree.fromstring(each)


def test_nothing_of_the_data_is_markup(forecast):
    summary = ColumnSummary(name=EVIL, role="text", missing=0.0, n_distinct=1, said=EVIL)
    assert "<script" not in page(full(EVIL), columns=(summary,))
    series = SeriesFacts(n_series=1, horizon=7, frequency="D")
    assert "<script" not in page(forecast, series=series)
