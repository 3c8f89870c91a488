from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.evaluation.fold_models import MOST_MODELS, FoldModels
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.finishing.prediction_store import PredictionStore
from espalier.pipelines.finishing.refit import fit_choice, member_job
from espalier.pipelines.members.cost import FinishCost, RefitTime
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serialization.sealed_files import new_key
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import RowPredictions
from espalier.pipelines.trials.trial import TrialOutcome, TrialResult


class FakeExecutor:
    """Fits trials in no time, or not at all."""

    n_workers = 1

    def __init__(self, fitted: dict[int, Any]) -> None:
        self.fitted = fitted
        self.calls: list[list[int]] = []

    def fit_members(self, jobs: Sequence[MemberJob], deadline: Deadline) -> list[Any]:
        self.calls.append([job.trial_number for job in jobs])
        first = len(self.calls) == 1
        return [
            self.fitted.get(job.trial_number) if first else f"late {job.trial_number}"
            for job in jobs
        ]


@pytest.fixture
def history(made_target: Any, predictions_of: Any, results_of: Any) -> History:
    y, signal = made_target(ProblemKind.REGRESSION, 50)
    library = {n: predictions_of(ProblemKind.REGRESSION, signal, 1.0, n) for n in range(3)}
    results: list[TrialResult] = results_of(METRICS["rmse"], y, library)
    return History(METRICS["rmse"], tuple(results))


@pytest.fixture
def choice() -> EnsembleChoice:
    return EnsembleChoice(
        members=((2, 0.6), (1, 0.4)),
        method="stagewise",
        rule=Combination(
            problem=ProblemKind.REGRESSION,
            space=CombinationSpace.LINK,
            weights=(0.6, 0.4),
            intercept=(0.1,),
        ),
        cv_score=1.0,
    )


def models_of(fitted: Sequence[Any]) -> list[Any]:
    """Return each member's models: one, a tuple of fold models, or None."""
    return [
        None if member is None else member.candidates if member.of_folds else member.candidates[0]
        for member in fitted
    ]


FOREVER = RefitTime(deadline=Deadline(None))


def within(seconds: float, **more: Any) -> RefitTime:
    """Return so much time for the refits, on a clock that stands still."""
    return RefitTime(deadline=Deadline(seconds, clock=lambda: 0.0), **more)


def test_a_member_that_failed_is_left_out(history: History, choice: EnsembleChoice) -> None:
    executor: Any = FakeExecutor({2: "model"})
    same, fitted = fit_choice(choice, history, executor, FOREVER)
    assert same == choice
    assert models_of(fitted) == ["model", None]
    assert executor.calls == [[2, 1]]


def test_a_member_that_would_be_late_is_not_begun(history: History, choice: EnsembleChoice) -> None:
    # Trial n took 1 + n seconds a fold: both members would need 6.5 seconds.
    for seconds, begun in ((10.0, [2, 1]), (5.0, [2]), (3.0, [1])):
        executor: Any = FakeExecutor({1: "small", 2: "large"})
        _, fitted = fit_choice(choice, history, executor, within(seconds))
        assert executor.calls == [begun]
        assert [name for name, model in ((2, fitted[0]), (1, fitted[1])) if model] == begun


def test_time_is_kept_for_what_comes_after_the_refits(
    history: History, choice: EnsembleChoice
) -> None:
    from dataclasses import replace

    slow = tuple(replace(each, predict_ms_per_row=20.0, size_mb=100.0) for each in history.results)
    history = History(history.metric, slow)
    finish = FinishCost(fixed=1.0, n_rows=100, seconds_a_mb=0.01)
    executor: Any = FakeExecutor({1: "small", 2: "large"})
    # Two members of 6.5 seconds, 1 second, and 3 more for each member.
    fit_choice(choice, history, executor, within(13.6, finish=finish))
    fit_choice(choice, history, executor, within(13.4, finish=finish))
    assert executor.calls == [[2, 1], [2]]


def test_where_all_members_may_be_late_a_quick_model_comes_first(
    history: History, choice: EnsembleChoice
) -> None:
    from dataclasses import replace

    quick = tuple(
        replace(each, fit_seconds=0.1) if each.trial.number == 0 else each
        for each in history.results
    )
    history = History(history.metric, quick)
    executor: Any = FakeExecutor({0: "quick"})
    alone, fitted = fit_choice(choice, history, executor, within(6.0))
    assert executor.calls == [[0, 2]]
    assert alone.members == ((0, 1.0),)
    assert models_of(fitted) == ["quick"]
    executor = FakeExecutor({0: "quick", 2: "large"})
    same, fitted = fit_choice(choice, history, executor, within(6.0))
    assert same == choice
    assert models_of(fitted) == ["large", None]


class SeedExecutor(FakeExecutor):
    """Fits each job to a model of its seed and rounds."""

    def __init__(self, rounds: Sequence[int]) -> None:
        super().__init__({})
        self.rounds = rounds

    def fit_members(self, jobs: Sequence[MemberJob], deadline: Deadline) -> list[Any]:
        self.calls.append([job.trial_number for job in jobs])
        return [
            SimpleNamespace(seed=job.seed, n_iterations_=done) if done else None
            for job, done in zip(jobs, self.rounds, strict=True)
        ]


def test_refits_of_other_seeds_come_last_and_those_cut_off_are_left_out(
    history: History, choice: EnsembleChoice
) -> None:
    from dataclasses import replace

    results = [
        replace(each, row_ms=1.0, size_mb=1.0, iterations=(100,), fold_scores=(1.0,) * 5)
        for each in history.results
    ]
    forest = [Configuration.of("linear", {}), Configuration.of("catboost", {})]
    results[1:] = [
        replace(each, trial=replace(each.trial, configuration=configuration))
        for each, configuration in zip(results[1:], forest, strict=True)
    ]
    executor: Any = SeedExecutor([100, 100, 100, 10, 0, 90])
    _, fitted = fit_choice(choice, History(history.metric, tuple(results)), executor, within(1e3))
    assert executor.calls == [[2, 1, 2, 2, 2, 2]]
    assert all(member is not None and not member.of_folds for member in fitted)
    seeds, one = ([each.seed for each in member.candidates] for member in fitted if member)
    assert len(set(seeds)) == len(seeds) == 3
    assert (seeds[0], one) == (results[2].trial.seed, [results[1].trial.seed])


def kept_in(folder: Path, history: History, *numbers: int) -> FoldModels:
    """Return a folder with two fold models of each of these trials."""
    kept = FoldModels(folder, new_key())
    for number in numbers:
        models: Any = [f"fold 0 of {number}", f"fold 1 of {number}"]
        kept.keep(history.results[number].trial, models, gain=0.5 - number)
    return kept


def test_kept_models_serve_where_there_is_no_time_for_a_refit(
    history: History, choice: EnsembleChoice, tmp_path: Path
) -> None:
    kept = kept_in(tmp_path, history, 2)
    assert not kept.wants(1e6)
    time = within(3.0, kept=kept.of(history))
    assert time.kept == {2}
    results = {result.trial.number: result for result in history.results}
    assert time.affordable([results[2], results[1]]) == [0, 1]
    executor: Any = FakeExecutor({1: "small"})
    _, fitted = fit_choice(choice, history, executor, time, fold_models=kept)
    assert executor.calls == [[1]]
    assert models_of(fitted) == [("fold 0 of 2", "fold 1 of 2"), "small"]
    assert kept.load(results[1].trial) == ()
    other = FoldModels(kept.folder, new_key())
    assert other.load(results[2].trial) == ()  # not opened: another key wrote it


def test_what_is_kept_is_refitted_in_the_time_that_the_others_leave(
    history: History, choice: EnsembleChoice, tmp_path: Path
) -> None:
    kept = kept_in(tmp_path, history, 2)
    for seconds, begun in ((7.0, [1, 2]), (6.0, [1]), (2.0, [])):
        executor: Any = FakeExecutor({1: "small", 2: "large"})
        time = within(seconds, kept=kept.of(history))
        _, fitted = fit_choice(choice, history, executor, time, fold_models=kept)
        assert executor.calls == [begun]
        assert [member is not None for member in fitted] == [True, 1 in begun]
        assert fitted[0] is not None
        assert fitted[0].of_folds == (2 not in begun)


def test_a_refit_that_fails_leaves_the_fold_models(
    history: History, choice: EnsembleChoice, tmp_path: Path
) -> None:
    kept = kept_in(tmp_path, history, 1, 2)
    time = within(100.0, kept=kept.of(history))
    executor: Any = FakeExecutor({2: "large"})
    _, fitted = fit_choice(choice, history, executor, time, fold_models=kept)
    assert models_of(fitted) == ["large", ("fold 0 of 1", "fold 1 of 1")]


def test_fold_models_of_another_trial_come_before_a_quick_model(
    history: History, choice: EnsembleChoice, tmp_path: Path
) -> None:
    kept = kept_in(tmp_path, history, 0)
    time = within(1.0, kept=kept.of(history))
    executor: Any = FakeExecutor({})
    alone, fitted = fit_choice(choice, history, executor, time, fold_models=kept)
    assert alone.members == ((0, 1.0),)
    assert models_of(fitted) == [("fold 0 of 0", "fold 1 of 0")]


def test_bagged_serving_fits_the_folds_of_what_was_not_kept(
    history: History, choice: EnsembleChoice, tmp_path: Path
) -> None:
    kept = kept_in(tmp_path, history, 2)
    rows = np.arange(50)
    folds = FoldPlan((Fold(rows[:25], rows[25:]), Fold(rows[25:], rows[:25])), "2 folds")
    time = RefitTime(deadline=Deadline(None), kept=kept.of(history), serving="bagged")
    executor: Any = FakeExecutor({1: "part"})
    _, fitted = fit_choice(choice, history, executor, time, fold_models=kept, folds=folds)
    assert executor.calls == [[1, 1]]
    assert models_of(fitted) == [("fold 0 of 2", "fold 1 of 2"), ("part", "part")]


def test_only_the_best_models_are_kept(history: History, tmp_path: Path) -> None:
    from dataclasses import replace

    kept, model = FoldModels(tmp_path, new_key()), "model"
    trial = history.results[0].trial
    trials = [replace(trial, number=number) for number in range(MOST_MODELS + 3)]
    for each in trials:
        kept.keep(each, cast(Any, [model]), gain=-1.5 * each.number)
    assert [kept.load(each) == (model,) for each in trials] == [True] * MOST_MODELS + [False] * 3
    another = replace(trials[0], configuration=Configuration.of("other", {}))
    assert kept.load(another) == ()


def test_a_booster_that_was_cut_off_is_no_member(history: History, choice: EnsembleChoice) -> None:
    from dataclasses import replace

    results = tuple(replace(each, iterations=(90, 110)) for each in history.results)
    history = History(history.metric, results)
    cut, whole = SimpleNamespace(n_iterations_=12), SimpleNamespace(n_iterations_=100)
    executor: Any = FakeExecutor({2: cut, 1: whole})
    assert models_of(fit_choice(choice, history, executor, FOREVER)[1]) == [None, whole]
    # It is better than nothing, though.
    executor = FakeExecutor({2: cut})
    assert models_of(fit_choice(choice, history, executor, FOREVER)[1]) == [cut, None]


def test_with_no_member_in_time_the_quickest_trial_serves(
    history: History, choice: EnsembleChoice
) -> None:
    executor: Any = FakeExecutor({})
    alone, fitted = fit_choice(choice, history, executor, FOREVER)
    assert executor.calls == [[2, 1], [0]]
    assert alone.members == ((0, 1.0),)
    assert alone.rule.space is CombinationSpace.PROBABILITY
    assert models_of(fitted) == ["late 0"]


def test_a_refit_trains_the_mean_of_the_rounds_found(history: History) -> None:
    from dataclasses import replace

    result = history.results[0]
    assert member_job(result).iterations is None
    assert member_job(replace(result, iterations=(10, 20, 31))).iterations == 20


def test_only_the_best_predictions_are_kept_within_the_memory(history: History) -> None:
    kept = PredictionStore(METRICS["rmse"], max_mb=2 * 4096 / 2**20)
    for result in history.results:
        kept.add(TrialOutcome(result, np.zeros(1024, dtype=np.float32)))
    worst = max(history.results, key=lambda result: result.score or 0.0).trial.number
    assert set(kept.by_number) == {0, 1, 2} - {worst}


def test_the_size_of_the_table_does_not_decide_how_many_predictions_are_kept(
    history: History,
) -> None:
    kept = PredictionStore(METRICS["rmse"], max_mb=1.0)
    rows, values = np.arange(1_000, dtype=np.int32), np.zeros(1_000, dtype=np.float32)
    for result in history.results:
        kept.add(TrialOutcome(result, RowPredictions(rows, values, 5_000_000)))
    assert set(kept.by_number) == {0, 1, 2}
