"""The Markdown report: what the page says, as text that does nothing."""

import re
from dataclasses import replace

import pytest

from espalier.pipelines.explain.backtest import BlockScore, SeriesScore, StepScore
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.pages.facts import HowToReproduce, SeriesFacts
from espalier.pipelines.pages.markdown_page import render_markdown
from espalier.tasks.pages.report_page import page_facts
from tests.tasks.pages.test_report_page import EVIL, facts  # noqa: F401
from tests.tasks.pages.test_report_sections import full  # noqa: F401


@pytest.fixture
def page(full):  # noqa: F811
    return page_facts(full)


def test_every_part_of_the_page_has_its_words_or_table(page):
    text = render_markdown(page)
    for part in (
        "# churn version 3 (champion)",
        "Two-class classification for churned in churn.csv.",
        "On 114 rows that it never saw, roc\\_auc is 0.9",
        "What to do next",
        "## What the model needs",
        "| tenure | 0.1 | 0.01 |",
        "| no | 80 | 4 | 95% |",
        "a miss costs",
        "The worst rows",
        "### Who proposed what",
        "### Which settings mattered",
        "## The ensemble: greedy",
        "12 expectations checked, 1 did not hold:",
        "## Trials without a score",
        "## How to make it again",
    ):
        assert part in text, part
    assert text.endswith("\n")


def test_it_is_well_formed_and_nothing_of_the_data_is_markup(page):
    markdown_it = pytest.importorskip("markdown_it")
    evil = replace(
        page,
        title=EVIL,
        data=replace(page.data, target=EVIL, notes=(EVIL,), set_aside=((EVIL, EVIL),)),
        reproduce=HowToReproduce(
            command=f"espalier train '``` {EVIL}'", check="", seed=0, fingerprint="f", versions={}
        ),
    )
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    html = reader.render(render_markdown(evil))
    assert "<script" not in html
    assert html.count("<table") >= 8
    # Every line of a table has as many cells as its head.
    for table in re.findall(r"(?:^\|.*\n)+", render_markdown(evil), flags=re.MULTILINE):
        lines = [re.sub(r"\\\|", "", line).count("|") for line in table.splitlines()]
        assert len(set(lines)) == 1, table


def test_single_rows_stand_between_the_marks(page):
    begin, end = page.row_marks
    text = render_markdown(page)
    inside = text.split(begin)[1].split(end)[0]
    assert "The worst rows" in inside
    assert "Where it is weak" not in inside


def test_a_forecast_has_its_back_test(page):
    found = ForecastExplanation(
        n_series=2,
        n_beaten=1,
        blocks=(
            BlockScore(first="a", last="b", score=1.0, naive=2.0, n_values=6),
            BlockScore(first="c", last="d", score=1.5, naive=None, n_values=6, held_out=True),
        ),
        steps=(StepScore(step=1, held_out=1.0, origins=None, naive=2.0),),
        worst=(SeriesScore(name="x|y", score=3.0, naive=2.0, n_values=3, origins=2.5),),
    )
    series = SeriesFacts(n_series=2, horizon=3, frequency="D")
    text = render_markdown(replace(page, explanation=found, data=replace(page.data, series=series)))
    assert "Forecast of 3 steps (D) for churned" in text
    assert "| a | b | 1 | 2 | 6 | origin of the search |" in text
    assert "| c | d | 1.5 |  | 6 | newest |" in text
    assert "| 1 | 1 | 2 |  |" in text
    assert "| x\\|y | 3 | 2 | 2.5 | 3 |" in text
    assert "1 of 2 series would have been better off" in text
