"""The first screen of a forecast: its score in words, beside the seasonal naive forecast."""

from dataclasses import replace

import pytest

from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.pages.facts import ScoreFacts, SeriesFacts
from espalier.pipelines.pages.forecast_screen import forecast_screen

SERIES = SeriesFacts(n_series=24, horizon=12, frequency="MS")
SCORED = ScoreFacts(score=0.75, baseline=1.0, interval=(0.7, 0.8), n_rows=288)
FOUND = ForecastExplanation(n_series=24, n_beaten=6, nominal=0.8, covered=0.8)


def said(metric="mase", scored=SCORED, series=SERIES, **options):
    found = forecast_screen(metric, scored, series, FOUND, cv_score=0.75, **options)
    return found, " ".join(found.how_good)


def test_it_says_what_is_forecast_how_well_and_against_what():
    found, text = said()
    assert "The last 12 steps of each of 24 series were held out: 288 values." in text
    assert "There mase is 0.75 (95 % interval 0.7 to 0.8)." in text
    assert "errors are 75% of the mean change from one season to the next" in text
    assert "would have scored 1 there: the errors of this forecast are 25% smaller." in text
    assert "at least as good as that for 18 of the 24 series (75%)" in text
    assert "held 80% of the values; 80% should" in text
    assert found.tone == "good"


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("mae", "off by 0.75 (mean), in the unit"),
        ("rmse", "(root mean square)"),
        ("smape", "off by about 0.75 % of the values"),
        ("wape", "sum up to 75.0% of the sum"),
        ("wql", "Losses of its quantiles sum up to 75.0%"),
    ],
)
def test_each_metric_is_told_in_words(metric, text):
    assert text in said(metric)[1]


def test_a_single_series_of_a_single_step_reads_well():
    text = said(series=SeriesFacts(n_series=1, horizon=1, frequency="D"))[1]
    assert "The last step of the series were held out" not in text
    assert "The last step of the series was held out: 288 values." in text


def test_a_forecast_that_is_no_better_says_so_first():
    found, text = said(scored=replace(SCORED, score=1.1, interval=(1.0, 1.2)))
    assert "this forecast is no better." in text
    assert found.judgement.headline == "Do not rely on it yet"
    assert "--known-covariates" in found.steps[0][0]


def test_a_block_at_which_trials_were_compared_is_not_called_held_out():
    text = said(scored=replace(SCORED, compared_too=True))[1]
    assert "were used to compare trials, but not to fit them" in text
