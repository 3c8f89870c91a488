from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipelines.budget import Deadline
from pipelines.ensemble.choose import EnsembleChoice
from pipelines.ensemble.combination import Combination, CombinationSpace
from pipelines.ensemble.kept import KeptPredictions
from pipelines.ensemble.refit import fit_choice, member_job
from pipelines.evaluation.evaluate import MemberJob
from pipelines.evaluation.metrics import METRICS
from pipelines.history import History
from pipelines.problem import ProblemKind
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


def test_a_member_that_failed_is_left_out(history: History, choice: EnsembleChoice) -> None:
    executor: Any = FakeExecutor({2: "model"})
    same, fitted = fit_choice(choice, history, executor, Deadline(None))
    assert same == choice
    assert fitted == ["model", None]
    assert executor.calls == [[2, 1]]


def test_a_member_that_would_be_late_is_not_begun(history: History, choice: EnsembleChoice) -> None:
    # Trial n took 1 + n seconds a fold: both members would need 6.5 seconds.
    for seconds, begun in ((10.0, [2, 1]), (5.0, [2]), (3.0, [1])):
        executor: Any = FakeExecutor({1: "small", 2: "large"})
        _, fitted = fit_choice(choice, history, executor, Deadline(seconds, clock=lambda: 0.0))
        assert executor.calls == [begun]
        assert [name for name, model in ((2, fitted[0]), (1, fitted[1])) if model] == begun


def test_a_booster_that_was_cut_off_is_no_member(
    history: History, choice: EnsembleChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    results = tuple(replace(each, iterations=(90, 110)) for each in history.results)
    history = History(history.metric, results)
    cut, whole = SimpleNamespace(n_iterations_=12), SimpleNamespace(n_iterations_=100)
    executor: Any = FakeExecutor({2: cut, 1: whole})
    assert fit_choice(choice, history, executor, Deadline(None))[1] == [None, whole]
    # It is better than nothing, though.
    executor = FakeExecutor({2: cut})
    assert fit_choice(choice, history, executor, Deadline(None))[1] == [cut, None]


def test_with_no_member_in_time_the_quickest_trial_serves(
    history: History, choice: EnsembleChoice
) -> None:
    executor: Any = FakeExecutor({})
    alone, fitted = fit_choice(choice, history, executor, Deadline(None))
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
