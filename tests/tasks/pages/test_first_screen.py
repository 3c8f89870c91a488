"""The first screen: the score in words, the champion beside it, what to do next."""

from dataclasses import replace
from pathlib import Path

import pytest

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.problem import ProblemKind
from espalier.tasks.pages.champion_mark import ChampionMark
from espalier.tasks.pages.first_screen import first_screen, forecast_first_screen
from espalier.tasks.records import (
    EnsembleRecord,
    HoldoutRecord,
    PreparedRef,
    PreparedSeries,
    ValidationRecord,
)

VERSION = RegisteredVersion(name="churn", version=4, alias="challenger", run_id="r", uri="u")
SHAPE = DatasetShape(problem=ProblemKind.BINARY, n_rows=900, n_columns=3, n_classes=2)
PREPARED = PreparedRef(
    path=Path("p"), metric="roc_auc", shape=SHAPE, n_holdout=300, n_folds=5, folds="5 folds"
)
ENSEMBLE = EnsembleRecord(path=Path("m"), method="blend", cv_score=0.9, weights={0: 1.0})
HOLDOUT = HoldoutRecord(score=0.9, interval=(0.87, 0.93), baseline=0.5, n_rows=300)
VALID = ValidationRecord(n_expectations=3, failures=(), json_path=Path("j"), html_path=Path("h"))
CHAMPION = ChampionMark(version=3, score=0.88, interval=(0.8, 0.95), same_table=False)


def screen(version=VERSION, *, prepared=PREPARED, holdout=HOLDOUT, up=True, **options):
    return first_screen(
        version,
        prepared,
        ENSEMBLE,
        holdout,
        VALID,
        higher_is_better=up,
        failed_share=0.0,
        **options,
    )


def test_the_score_is_told_in_words_with_its_interval_and_the_constant():
    said = " ".join(screen().how_good)
    assert "On 300 rows that it never saw, roc_auc is 0.9 (95 % interval 0.87 to 0.93)." in said
    assert "to the right one in 90.0% of cases" in said
    assert "would have scored 0.5 there: the model covers 80% of the way" in said
    assert screen().tone == "good"


@pytest.mark.parametrize(
    ("metric", "score", "baseline", "text"),
    [
        ("rmse", 5.0, 10.0, "off by 5 (root mean square)"),
        ("log_loss", 0.6931472, 1.0, "a probability of 50%"),
        ("mae", 2.5, 10.0, "covers 75% of the way"),
    ],
)
def test_of_a_loss_smaller_is_better(metric, score, baseline, text):
    holdout = HoldoutRecord(score=score, interval=(score, score), baseline=baseline, n_rows=300)
    said = screen(prepared=replace(PREPARED, metric=metric), holdout=holdout, up=False).how_good
    assert text in " ".join(said)


def test_a_challenger_stands_beside_the_champion_and_is_to_be_compared():
    found = screen(champion=CHAMPION)
    assert (
        "The champion, version 3, scored 0.88 (95 % interval 0.8 to 0.95) on its own held-out rows."
        in found.how_good[-1]
    )
    assert "espalier promote churn" in [command for _, command in found.steps]
    assert not any("promote" in command for _, command in screen().steps)


def test_doubts_come_with_what_to_do():
    found = screen(holdout=replace(HOLDOUT, n_rows=40))
    assert found.tone == "doubt"
    assert found.judgement.headline == "Usable, with care"
    assert "espalier monitor" in found.steps[0][0]


def test_names_that_a_shell_would_split_are_quoted():
    commands = [command for _, command in screen(replace(VERSION, name="a b")).steps]
    assert "espalier predict FILE --model 'a b'/4 --out scored.csv" in commands


def test_of_a_forecast_the_champion_and_the_commands_are_told_too():
    version = replace(VERSION, name="sales", version=2)
    found = forecast_first_screen(
        version,
        replace(
            PREPARED,
            metric="mase",
            series=PreparedSeries(n_series=20, horizon=7, frequency="D", season=7),
        ),
        ENSEMBLE,
        HoldoutRecord(score=0.8, interval=(0.7, 0.9), baseline=1.2, n_rows=140),
        VALID,
        ForecastExplanation(n_series=20, n_beaten=2),
        failed_share=0.0,
        champion=ChampionMark(version=1, score=0.7, interval=None, same_table=True),
    )
    assert (
        "The champion, version 1, scored 0.7 on held-out values of this table."
        in (found.how_good[-1])
    )
    assert "not better" in found.how_good[-1]
    commands = [command for _, command in found.steps]
    assert "espalier promote sales" in commands
    assert "espalier predict FILE --model sales/2 --out scored.csv" in commands
    assert "espalier monitor sales --data FILE" in commands
