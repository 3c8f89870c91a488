"""Which model is taken from the front of score and costs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.ensemble.combiner_comparison import CombinerScore
from espalier.pipelines.finishing.prefer import Preferred, prefer, standard_error
from espalier.pipelines.members.cost import RefitTime
from espalier.pipelines.members.preference import Preference
from espalier.pipelines.members.shared_reading import SharedReading
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

Y = np.array([0, 1] * 40)
DATA = Dataset(
    X=pd.DataFrame({"a": np.arange(80.0)}),
    y=Y,
    problem=ProblemKind.BINARY,
    roles={"a": ColumnRole.NUMERIC},
    classes=np.array([0, 1]),
)
# Standard error of a trial: the folds lie 0.02 apart, of five folds 0.0224 / sqrt(5) = 0.01.
SPREAD = 0.02


def trial(number: int, score: float, latency: float, size: float, n: int = 100) -> TrialResult:
    folds = (score - SPREAD, score - SPREAD, score, score + SPREAD, score + SPREAD)
    return TrialResult(
        trial=Trial(number=number, configuration=Configuration.of("linear", {}), seed=0),
        status=TrialStatus.SUCCESS,
        score=score,
        fold_scores=folds,
        fit_seconds=1.0,
        row_ms=latency,
        size_mb=size,
        operations=n,
    )


RESULTS = (
    trial(0, 0.900, 4.0, 10.0, 4000),
    trial(1, 0.895, 2.0, 3.0, 3000),  # within one standard error of the best, and the smallest
    trial(2, 0.893, 1.0, 6.0, 2000),  # so is this
    trial(3, 0.882, 0.1, 0.1, 10),  # two standard errors away
    trial(4, 0.500, 0.01, 0.001, 1),  # no better than a constant
    trial(5, 0.870, 4.0, 9.0, 3500),  # beaten in everything
)


def test_what_reads_pixels_itself_is_lighter_than_what_needs_a_frozen_network():
    best, seen = RESULTS[0], trial(6, 0.895, 5.0, 11.0, 5000)
    seen = replace(seen, trial=replace(seen.trial, configuration=Configuration.of("convnet", {})))
    found = prefer(
        choice_of(0),
        History(METRICS["roc_auc"], (best, seen)),
        {},
        dataset=DATA,
        preference=Preference(objectives=("score", "size", "latency"), prefer="small"),
        time=RefitTime(deadline=Deadline(None)),
        seed=0,
        reading=SharedReading(latency=9.0, size=6.5, without=frozenset({"convnet"})),
    )
    assert [(each.trial, each.size, each.latency) for each in found.front] == [
        (0, 16.5, 13.0),
        (6, 11.0, 5.0),
    ]
    assert found.choice.members == ((6, 1.0),)


def choice_of(*members: int, behind: float = 0.0) -> EnsembleChoice:
    name = "best single" if len(members) == 1 else "stagewise"
    return EnsembleChoice(
        members=tuple((number, 1.0) for number in members),
        method=name,
        rule=Combination(
            problem=ProblemKind.BINARY,
            space=CombinationSpace.PROBABILITY,
            weights=(1.0,) * len(members),
        ),
        cv_score=0.9,
        combiners=(
            CombinerScore("stagewise", 0.91, 2, 0.0),
            CombinerScore("best single", 0.9, 1, behind),
        ),
    )


def preferred(choice: EnsembleChoice, metric: str = "roc_auc", **wanted: Any) -> Preferred:
    return prefer(
        choice,
        History(METRICS[metric], RESULTS),
        {},
        dataset=DATA,
        preference=Preference(**wanted),
        time=RefitTime(deadline=Deadline(None)),
        seed=0,
    )


def test_small_is_the_smallest_within_one_standard_error_of_the_best() -> None:
    found = preferred(choice_of(0), prefer="small")
    assert found.standard_error == pytest.approx(SPREAD / np.sqrt(5.0))
    assert [number for number, _ in found.choice.members] == [1]
    assert found.choice.cv_score == 0.895
    assert [point.trial for point in found.front if point.chosen] == [1]


def test_the_front_is_what_nothing_beats_in_all_objectives() -> None:
    found = preferred(choice_of(0), objectives=("score", "latency", "size"))
    assert [point.trial for point in found.front] == [0, 1, 2, 3, 4]
    of_size = preferred(choice_of(0), objectives=("score", "size"))
    assert [point.trial for point in of_size.front] == [0, 1, 3, 4]


def test_the_best_score_stays_the_model_where_nothing_else_is_preferred() -> None:
    choice = choice_of(0, 1)
    for prefers in (None, "score"):
        found = preferred(choice, objectives=("score", "size"), prefer=prefers)
        assert found.choice is choice
        assert [point.name for point in found.front if point.chosen] == ["ensemble of 2 models"]


def test_an_ensemble_weighs_what_its_members_do_and_scores_what_it_gained() -> None:
    point = preferred(choice_of(0, 1, behind=0.012), objectives=("score", "size")).front[0]
    assert point.name == "ensemble of 2 models"
    assert (point.latency, point.size, point.operations) == (6.0, 13.0, 7000.0)
    assert point.score == pytest.approx(0.912)


def test_a_clearly_better_ensemble_is_not_given_up_for_a_small_model() -> None:
    near = preferred(choice_of(0, 1, behind=0.003), prefer="small")
    assert [number for number, _ in near.choice.members] == [1]
    ahead = preferred(choice_of(0, 1, behind=0.05), prefer="small")
    assert len(ahead.choice.members) == 2


def test_balanced_gives_up_a_little_score_for_much_less_of_everything() -> None:
    found = preferred(choice_of(0), prefer="balanced")
    chosen = next(point for point in found.front if point.chosen)
    assert chosen.trial == 3  # 0.018 of 0.4 lost, a hundredth of the size
    # Nothing that gains as little as a constant is near, however small it is.
    assert chosen.trial != 4


def test_losses_are_turned_around() -> None:
    history = History(
        METRICS["log_loss"], tuple(replace(r, score=1 - (r.score or 0)) for r in RESULTS)
    )
    found = prefer(
        choice_of(0),
        history,
        {},
        dataset=DATA,
        preference=Preference(prefer="small"),
        time=RefitTime(deadline=Deadline(None)),
        seed=0,
    )
    assert [number for number, _ in found.choice.members] == [1]


def test_folds_that_are_drawn_twice_make_no_score_surer() -> None:
    scores = (0.88, 0.88, 0.9, 0.92, 0.92)
    twice = replace(RESULTS[0], fold_scores=scores * 2)
    error = standard_error(History(METRICS["roc_auc"], (twice,)), {}, DATA, 0)
    assert error == pytest.approx(np.std(scores * 2, ddof=1) / np.sqrt(5.0))


def test_with_one_fold_the_error_is_that_of_its_rows() -> None:
    rng = np.random.default_rng(0)
    one = replace(RESULTS[0], fold_scores=(0.9,))
    probability = np.clip(Y + rng.normal(0, 0.6, len(Y)), 0, 1)
    predictions: dict[int, Predictions] = {0: np.column_stack([1 - probability, probability])}
    error = standard_error(History(METRICS["roc_auc"], (one,)), predictions, DATA, 0)
    assert 0.01 < error < 0.08
