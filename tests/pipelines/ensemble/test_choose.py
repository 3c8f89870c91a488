from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.ensemble.choose import (
    EnsembleChoice,
    _confirmed,
    choose_ensemble,
    choose_single,
)
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.ensemble.combiner_comparison import NestedPredictions
from espalier.pipelines.ensemble.combiners import COMBINERS
from espalier.pipelines.ensemble.library import build_library
from espalier.pipelines.ensemble.out_of_fold import out_of_fold
from espalier.pipelines.members.cost import RefitTime
from espalier.pipelines.metrics.catalogue import METRICS, get_metric, make_metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.failures import SearchFailedError
from espalier.pipelines.trials.row_predictions import RowPredictions
from espalier.pipelines.trials.trial import TrialResult, TrialStatus

CASES = [
    ("binary", "roc_auc"),
    ("binary", "log_loss"),
    ("binary", "accuracy"),
    ("multiclass", "log_loss"),
    ("regression", "rmse"),
    ("regression", "mae"),
]


@pytest.mark.parametrize(("problem", "name"), CASES)
def test_the_choice_beats_the_best_single_on_new_rows(
    problem: str, name: str, made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind(problem), METRICS[name]
    y, signal = made_target(kind, 1600)
    every = {n: predictions_of(kind, signal, 0.9 + 0.1 * n, n) for n in range(7)}
    half = {n: p[:800] for n, p in every.items()}
    choice = choose_ensemble(
        results_of(metric, y[:800], half),
        half,
        dataset=dataset_of(kind, y[:800]),
        metric=metric,
        seed=0,
    )
    assert len(choice.members) > 1
    assert choice.members == tuple(sorted(choice.members, key=lambda m: -m[1]))
    assert sum(choice.weights.values()) == pytest.approx(1.0)
    assert {combiner.name for combiner in choice.combiners} == {
        combiner.name for combiner in COMBINERS
    }
    new = choice.rule.apply([every[number][800:] for number, _ in choice.members])
    ours = metric.sign * score_predictions(metric, y[800:], new)
    single = metric.sign * score_predictions(metric, y[800:], every[0][800:])
    assert ours > single
    # The score it promises is what it keeps, within the noise of 800 rows.
    assert choice.cv_score == pytest.approx(metric.sign * ours, rel=0.1)


def test_one_good_model_among_bad_ones_stays_alone(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.REGRESSION, METRICS["rmse"]
    y, signal = made_target(kind, 500)
    library = {0: signal.astype(np.float32)}
    rng = np.random.default_rng(3)
    for number in range(1, 6):
        library[number] = rng.normal(0, 5.0, 500).astype(np.float32)
    choice = choose_ensemble(
        results_of(metric, y, library), library, dataset=dataset_of(kind, y), metric=metric, seed=0
    )
    assert choice.members == ((0, 1.0),)
    assert choice.method == "best single"


def test_the_same_inputs_give_the_same_choice_in_any_order(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.BINARY, METRICS["roc_auc"]
    y, signal = made_target(kind, 400)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(5)}
    results = results_of(metric, y, library)
    options: dict[str, Any] = {"dataset": dataset_of(kind, y), "metric": metric, "seed": 5}
    first = choose_ensemble(results, library, **options)
    again = choose_ensemble(results[::-1], dict(sorted(library.items(), reverse=True)), **options)
    assert again == first


def test_rows_that_no_fold_validates_are_left_out(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.BINARY, METRICS["log_loss"]
    y, signal = made_target(kind, 600)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(4)}
    for part in library.values():
        part[:200] = np.nan
    choice = choose_ensemble(
        results_of(metric, y, library), library, dataset=dataset_of(kind, y), metric=metric, seed=0
    )
    assert np.isfinite(choice.cv_score)
    assert all(np.isfinite(weight) for _, weight in choice.members)


def test_a_single_trial_and_a_tiny_table_need_no_decision(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.BINARY, METRICS["roc_auc"]
    y, signal = made_target(kind, 24)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(3)}
    results = results_of(metric, y, library)
    options: dict[str, Any] = {"dataset": dataset_of(kind, y), "metric": metric, "seed": 0}
    best = max(results, key=lambda result: result.score).trial.number
    assert choose_ensemble(results, library, **options).members == ((best, 1.0),)
    assert choose_single(results, library, **options).members == ((best, 1.0),)
    alone = choose_ensemble(results[1:2], library, **options)
    assert alone.members == ((1, 1.0),)
    assert alone.cv_score == results[1].score


def test_no_success_is_an_error(dataset_of: Any, made_target: Any) -> None:
    y, _ = made_target(ProblemKind.BINARY, 50)
    with pytest.raises(SearchFailedError, match="no trial succeeded"):
        choose_ensemble(
            [],
            {},
            dataset=dataset_of(ProblemKind.BINARY, y),
            metric=METRICS["roc_auc"],
            seed=0,
        )


def test_failed_trials_are_never_members(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.REGRESSION, METRICS["rmse"]
    y, signal = made_target(kind, 200)
    library = {n: predictions_of(kind, signal, 0.5, n) for n in range(3)}
    results = results_of(metric, y, library)
    results[0] = TrialResult(trial=results[0].trial, status=TrialStatus.TIMEOUT, error="late")
    choice = choose_ensemble(results, library, dataset=dataset_of(kind, y), metric=metric, seed=0)
    assert 0 not in choice.weights


def test_once_the_deadline_has_passed_the_first_rival_decides(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.BINARY, METRICS["roc_auc"]
    y, signal = made_target(kind, 300)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(4)}
    choice = choose_ensemble(
        results_of(metric, y, library),
        library,
        dataset=dataset_of(kind, y),
        metric=metric,
        seed=0,
        deadline=Deadline(0.0, clock=lambda: 1.0),
    )
    assert [combiner.name for combiner in choice.combiners] == ["best single"]


def test_the_choice_ends_soon_after_its_deadline_whatever_the_metric_costs(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, now = ProblemKind.REGRESSION, [0.0]

    def slow(y: Any, predictions: Any) -> float:
        now[0] += 1.0
        return float(np.abs(y - predictions).mean())

    metric = make_metric("slow", slow, greater_is_better=False, needs="values")
    y, signal = made_target(kind, 300)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(10)}
    results = results_of(metric, y, library)
    now[0] = 0.0
    choice = choose_ensemble(
        results,
        library,
        dataset=dataset_of(kind, y),
        metric=metric,
        seed=0,
        deadline=Deadline(100.0, clock=lambda: now[0]),
    )
    # One combiner's steps see the clock; comparing those that are fitted still takes its time.
    assert [combiner.name for combiner in choice.combiners] == ["best single"]
    assert now[0] < 1_000.0


@pytest.mark.parametrize("present", [[0], [0, 2]])
def test_classes_that_the_rows_lack_do_not_break_the_choice(
    present: list[int], predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    rng = np.random.default_rng(0)
    y = rng.choice(present, 200)
    y[0], y[1], y[2] = 0, 1, 2  # a class of one row
    metric = METRICS["log_loss"]
    library = {
        n: rng.dirichlet(np.ones(3), 200).astype(np.float32) * 0.2
        + 0.8 * np.eye(3, dtype=np.float32)[np.where(rng.random(200) < 0.7, y, 0)]
        for n in range(4)
    }
    choice = choose_ensemble(
        results_of(metric, y, library),
        library,
        dataset=dataset_of(ProblemKind.MULTICLASS, y),
        metric=metric,
        seed=0,
    )
    assert np.isfinite(choice.cv_score)


def test_groups_and_weights_are_taken_along(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.BINARY, METRICS["log_loss"]
    y, signal = made_target(kind, 400)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(4)}
    dataset = dataset_of(
        kind, y, groups=np.arange(400) // 20, sample_weight=np.linspace(0.0, 2.0, 400)
    )
    choice = choose_ensemble(
        results_of(metric, y, library), library, dataset=dataset, metric=metric, seed=0
    )
    assert np.isfinite(choice.cv_score)


def test_the_library_drops_twins_and_keeps_every_family(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.REGRESSION, METRICS["rmse"]
    y, signal = made_target(kind, 300)
    library = {n: predictions_of(kind, signal, 0.2 + 0.05 * n, n) for n in range(12)}
    library[12] = library[0] + np.float32(1e-6)
    made = build_library(
        results_of(metric, y, library),
        library,
        dataset=dataset_of(kind, y),
        metric=metric,
        cap=6,
        max_rows=200,
        seed=0,
    )
    assert len(made) == 6
    assert len({0, 12} & set(made.numbers)) == 1
    assert {number % 3 for number in made.numbers} == {0, 1, 2}
    assert made.predictions.shape == (6, 200)
    np.testing.assert_array_equal(made.y, y[made.rows])
    np.testing.assert_array_equal(made.predictions[0], library[made.numbers[0]][made.rows])


def test_members_are_chosen_so_that_all_can_be_refitted_in_time(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.REGRESSION, METRICS["rmse"]
    y, signal = made_target(kind, 500)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(6)}
    results = results_of(metric, y, library)  # trial n took 1 + n seconds a fold
    options: dict[str, Any] = {"dataset": dataset_of(kind, y), "metric": metric, "seed": 0}

    def chosen(seconds: float, n_workers: int) -> set[int]:
        clock = Deadline(seconds, clock=lambda: 0.0)
        choice = choose_ensemble(
            results, library, **options, refit_time=RefitTime(deadline=clock, n_workers=n_workers)
        )
        assert sum(choice.weights.values()) == pytest.approx(1.0)
        return set(choice.weights)

    def seconds(numbers: set[int]) -> float:
        return sum(1.3 * (1 + number) for number in numbers)

    assert len(chosen(1000.0, 1)) == 6
    few, more = chosen(8.0, 1), chosen(8.0, 2)
    assert seconds(few) <= 8.0
    assert seconds(more) <= 16.0
    assert 1 < len(few) < len(more)
    assert 5 not in more or 1.3 * 6 <= 8.0
    # With time for none, the run still ends with a model: the best alone is proposed.
    assert len(chosen(0.1, 1)) >= 1


def test_a_choice_that_all_rows_refute_gives_way_to_the_best_trial() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 500)
    dataset = Dataset(
        X=pd.DataFrame({"x": rng.normal(size=500)}),
        y=y,
        problem=ProblemKind.BINARY,
        roles={"x": ColumnRole.NUMERIC},
        classes=np.array(["a", "b"]),
    )
    good, bad = np.clip(y * 1.0, 0.1, 0.9), np.clip(1.0 - y, 0.1, 0.9)
    predictions = {0: np.column_stack([1 - good, good]), 1: np.column_stack([1 - bad, bad])}

    def alone(number: int, compared: int) -> EnsembleChoice:
        rule = Combination(
            problem=ProblemKind.BINARY,
            space=CombinationSpace.PROBABILITY,
            weights=(1.0,),
            floor=1e-6,
        )
        return EnsembleChoice(
            members=((number, 1.0),),
            method=f"only {number}",
            rule=rule,
            cv_score=0.0,
            nested=NestedPredictions(np.arange(compared), predictions[number][:compared]),
        )

    metric, best = METRICS["log_loss"], alone(0, 500)
    assert _confirmed(alone(1, 100), best, predictions, dataset, metric).members == ((0, 1.0),)
    assert _confirmed(alone(0, 100), best, predictions, dataset, metric).members == ((0, 1.0),)
    # What was compared on most rows is not asked again: there the best of many trials is lucky.
    assert _confirmed(alone(1, 400), best, predictions, dataset, metric).members == ((1, 1.0),)


@pytest.mark.parametrize(("problem", "name"), [("multiclass", "log_loss"), ("regression", "mae")])
def test_predictions_of_validated_rows_give_the_choice_of_whole_arrays(
    problem: str, name: str, made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind(problem), METRICS[name]
    y, signal = made_target(kind, 400)
    rows = np.arange(100, 400)
    whole = {n: predictions_of(kind, signal, 0.9 + 0.1 * n, n) for n in range(4)}
    results = results_of(metric, y, whole)
    for each in whole.values():
        each[:100] = np.nan
    few = {n: RowPredictions(rows, each[rows], 400) for n, each in whole.items()}
    choices = [
        choose_ensemble(results, each, dataset=dataset_of(kind, y), metric=metric, seed=0)
        for each in (whole, few)
    ]
    assert choices[0] == choices[1]
    adjusted = [
        out_of_fold(choice, range(len(choice.members)), each, dataset=dataset_of(kind, y), seed=0)
        for choice, each in zip(choices, (whole, few), strict=True)
    ]
    np.testing.assert_array_equal(adjusted[0].predictions, adjusted[1].predictions)


@pytest.mark.parametrize(
    ("name", "n_groups"),
    [("mae", 1), ("mae", 2), ("mae", 3), ("mae", 4), ("rmse", 3), ("pinball_0.9", 2)],
)
@pytest.mark.filterwarnings("error")
def test_few_groups_make_a_model_whatever_the_metric(
    name: str,
    n_groups: int,
    made_target: Any,
    predictions_of: Any,
    dataset_of: Any,
    results_of: Any,
) -> None:
    kind, metric = ProblemKind.REGRESSION, get_metric(name, ProblemKind.REGRESSION)
    y, signal = made_target(kind, 60)
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(3)}
    groups = np.random.default_rng(0).permutation(np.arange(60) % n_groups)
    choice = choose_ensemble(
        results_of(metric, y, library),
        library,
        dataset=dataset_of(kind, y, groups=groups),
        metric=metric,
        seed=0,
    )
    assert np.isfinite(choice.cv_score)
    assert all(np.isfinite([each.score, each.standard_error]).all() for each in choice.combiners)
    if n_groups == 1:
        assert choice.method == "best single"
        assert len(choice.members) == 1


def test_few_large_groups_all_have_a_say_in_the_decision(
    made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    kind, metric = ProblemKind.REGRESSION, METRICS["mae"]
    y, signal = made_target(kind, 14_000)  # more than decide
    library = {n: predictions_of(kind, signal, 1.0, n) for n in range(2)}
    dataset = dataset_of(kind, y, groups=np.arange(14_000) % 4)
    choice = choose_ensemble(
        results_of(metric, y, library),
        library,
        dataset=dataset,
        metric=metric,
        seed=0,
        combiners=COMBINERS[:2],
    )
    assert choice.nested is None or len(set(dataset.groups[choice.nested.rows])) == 4
    assert len(choice.combiners) == 2  # there was a comparison
