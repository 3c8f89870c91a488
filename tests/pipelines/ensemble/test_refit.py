from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from pipelines.budget import Deadline
from pipelines.configuration import Configuration
from pipelines.ensemble.choose import EnsembleChoice
from pipelines.ensemble.combination import Combination, CombinationSpace
from pipelines.ensemble.cost import FinishCost, RefitTime
from pipelines.ensemble.kept import KeptPredictions
from pipelines.ensemble.refit import fit_choice, member_job
from pipelines.evaluation.evaluate import MemberJob
from pipelines.evaluation.fold_models import MOST_MODELS, FoldModels
from pipelines.evaluation.metrics import METRICS
from pipelines.history import History
from pipelines.problem import ProblemKind
from pipelines.sealed_files import new_key
from pipelines.trial import TrialOutcome, TrialResult


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


FOREVER = RefitTime(deadline=Deadline(None))


def within(seconds: float, **more: Any) -> RefitTime:
    """Return so much time for the refits, on a clock that stands still."""
    return RefitTime(deadline=Deadline(seconds, clock=lambda: 0.0), **more)


def test_a_member_that_failed_is_left_out(history: History, choice: EnsembleChoice) -> None:
    executor: Any = FakeExecutor({2: "model"})
    same, fitted = fit_choice(choice, history, executor, FOREVER)
    assert same == choice
    assert fitted == ["model", None]
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
    assert fitted == ["quick"]
    executor = FakeExecutor({0: "quick", 2: "large"})
    same, fitted = fit_choice(choice, history, executor, within(6.0))
    assert same == choice
    assert fitted == ["large", None]


def test_a_kept_model_serves_where_there_is_no_time_for_a_refit(
    history: History, choice: EnsembleChoice, tmp_path: Path
) -> None:
    kept = FoldModels(tmp_path, new_key())
    trials = {result.trial.number: result.trial for result in history.results}
    model: Any = {"a": "model"}
    kept.keep(trials[2], model, gain=0.5, size_mb=1.0)
    kept.keep(trials[1], model, gain=0.5, size_mb=1e6)
    time = within(3.0, kept=kept.of(history))
    assert time.kept == {2}
    results = {result.trial.number: result for result in history.results}
    assert time.affordable([results[2], results[1]]) == [0, 1]
    executor: Any = FakeExecutor({1: "small"})
    _, fitted = fit_choice(choice, history, executor, time, fold_models=kept)
    assert executor.calls == [[1]]
    assert fitted == [model, "small"]
    assert kept.load(trials[1]) is None
    other = FoldModels(kept.folder, new_key())
    assert other.load(trials[2]) is None  # not opened: another key wrote it


def test_only_the_best_models_are_kept(history: History, tmp_path: Path) -> None:
    from dataclasses import replace

    kept, model = FoldModels(tmp_path, new_key()), "model"
    trial = history.results[0].trial
    trials = [replace(trial, number=number) for number in range(MOST_MODELS + 3)]
    for each in trials:
        kept.keep(each, cast(Any, model), gain=-1.5 * each.number, size_mb=1.0)
    assert [kept.load(each) == model for each in trials] == [True] * MOST_MODELS + [False] * 3
    another = replace(trials[0], configuration=Configuration.of("other", {}))
    assert kept.load(another) is None


def test_a_booster_that_was_cut_off_is_no_member(history: History, choice: EnsembleChoice) -> None:
    from dataclasses import replace

    results = tuple(replace(each, iterations=(90, 110)) for each in history.results)
    history = History(history.metric, results)
    cut, whole = SimpleNamespace(n_iterations_=12), SimpleNamespace(n_iterations_=100)
    executor: Any = FakeExecutor({2: cut, 1: whole})
    assert fit_choice(choice, history, executor, FOREVER)[1] == [None, whole]
    # It is better than nothing, though.
    executor = FakeExecutor({2: cut})
    assert fit_choice(choice, history, executor, FOREVER)[1] == [cut, None]


def test_with_no_member_in_time_the_quickest_trial_serves(
    history: History, choice: EnsembleChoice
) -> None:
    executor: Any = FakeExecutor({})
    alone, fitted = fit_choice(choice, history, executor, FOREVER)
    assert executor.calls == [[2, 1], [0]]
    assert alone.members == ((0, 1.0),)
    assert alone.rule.space is CombinationSpace.PROBABILITY
    assert fitted == ["late 0"]


def test_a_refit_trains_the_mean_of_the_rounds_found(history: History) -> None:
    from dataclasses import replace

    result = history.results[0]
    assert member_job(result).iterations is None
    assert member_job(replace(result, iterations=(10, 20, 31))).iterations == 20


def test_only_the_best_predictions_are_kept_within_the_memory(history: History) -> None:
    kept = KeptPredictions(METRICS["rmse"], max_mb=2 * 4096 / 2**20)
    for result in history.results:
        kept.add(TrialOutcome(result, np.zeros(1024, dtype=np.float32)))
    worst = max(history.results, key=lambda result: result.score or 0.0).trial.number
    assert set(kept.by_number) == {0, 1, 2} - {worst}
