"""The best trials are scored again on new draws of the folds, where time is left for it."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.finishing.second_look import (
    AGREED,
    FEWEST_TRIALS,
    MOST_DRAWS,
    MOST_WINNERS,
    SPENT,
    SecondLook,
    draws_agree,
    second_look,
)
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

N_ROWS, N_FOLDS, N_TRIALS = 600, 3, 24
RNG = np.random.default_rng(0)
X = pd.DataFrame({"a": RNG.normal(size=N_ROWS), "row": np.arange(float(N_ROWS))})
Y = X["a"].to_numpy() + 0.1 * RNG.normal(size=N_ROWS)
DATA = Dataset(
    X=X,
    y=Y,
    problem=ProblemKind.REGRESSION,
    roles={"a": ColumnRole.NUMERIC, "row": ColumnRole.NUMERIC},
    classes=None,
)
METRIC = METRICS["rmse"]
FOLDS = plan_folds(DATA, seed=0, n_folds=N_FOLDS)


def error_of(number: int) -> float:
    """Return the error that models of a trial add: more for later ones, much for the lucky."""
    return 5.0 if number == 0 else 0.5 + 0.02 * number


class ModelExecutor:
    """Fits a model in no time, which answers with the error of its trial."""

    n_workers = 2

    def __init__(self, late_after: int | None = None) -> None:
        self.jobs: list[MemberJob] = []
        self.late_after = late_after

    def fit_members(self, jobs: Sequence[MemberJob], deadline: Deadline) -> list[Any]:
        self.jobs += jobs
        late = self.late_after is not None and len(self.jobs) > self.late_after
        return [None if late else self._model(job) for job in jobs]

    def _model(self, job: MemberJob) -> Any:
        def predict_scores(rows: pd.DataFrame) -> Any:
            places = rows["row"].to_numpy().astype(int)
            assert job.rows is not None
            assert not np.isin(places, job.rows).any()  # never of rows that it was fitted to
            noise = np.random.default_rng([job.trial_number, *places[:1]])
            own = error_of(job.trial_number) * noise.normal(size=len(rows))
            return (Y[places] + own).astype(np.float32)

        return SimpleNamespace(predict_scores=predict_scores)


def searched() -> tuple[History, dict[int, Any]]:
    """Return trials of which the first is by far the best, by luck alone."""
    results, predictions = [], {}
    for number in range(N_TRIALS):
        family = ("lightgbm", "catboost", "linear")[number % 3]
        score = 0.4 if number == 0 else error_of(number)
        results.append(
            TrialResult(
                trial=Trial(
                    number=number, configuration=Configuration.of(family, {"x": number}), seed=7
                ),
                status=TrialStatus.SUCCESS,
                score=score,
                fold_scores=(score,) * N_FOLDS,
                fit_seconds=1.0,
                size_mb=1.0,
            )
        )
        noise = np.random.default_rng(number).normal(size=N_ROWS)
        predictions[number] = (Y + score * noise).astype(np.float32)
    return History(METRIC, tuple(results)), predictions


def look(seconds: float = 10_000.0, **more: Any) -> SecondLook | None:
    history, predictions = searched()
    given: dict[str, Any] = {
        "executor": ModelExecutor(),
        "history": history,
        "dataset": DATA,
        "folds": FOLDS,
        "until": Deadline(seconds, clock=lambda: 0.0),
    }
    given |= more
    executor, history = given.pop("executor"), given.pop("history")
    return second_look(executor, history, predictions, seed=0, **given)


def test_the_luckiest_is_seen_through() -> None:
    history, _ = searched()
    assert history.best is not None
    assert history.best.trial.number == 0
    seen = look()
    assert seen is not None
    scores = {each.trial.number: each.score for each in seen.results}
    assert len(scores) == MOST_WINNERS
    assert max(scores, key=lambda number: scores[number] or 0.0) == 0
    assert scores[0] == pytest.approx((0.4 + seen.n_draws * 5.0) / (seen.n_draws + 1), rel=0.1)
    # All rows have new predictions, and other figures of the trials stay.
    for number, part in seen.predictions.items():
        assert np.isfinite(np.asarray(part)).all()
        assert np.std(np.asarray(part) - Y) < 1.1 * error_of(number)
    assert all(
        each.fold_scores == history.ordered[each.trial.number].fold_scores for each in seen.results
    )
    assert "draw" in seen.said


def test_draws_are_new_and_so_are_seeds() -> None:
    executor = ModelExecutor()
    seen = look(executor=executor)
    assert seen is not None
    assert 2 <= seen.n_draws <= MOST_DRAWS
    assert len(executor.jobs) == seen.n_draws * MOST_WINNERS * N_FOLDS
    own = [job for job in executor.jobs if job.trial_number == 0]
    assert len({job.seed for job in own}) == seen.n_draws
    assert all(job.iterations is None for job in own)  # they stop early, as the trial did
    old = {fold.train.tobytes() for fold in FOLDS}
    trained = {np.asarray(job.rows).tobytes() for job in own}
    assert len(trained) == seen.n_draws * N_FOLDS
    assert not old & trained


def test_time_bounds_who_is_looked_at_and_how_often() -> None:
    # A draw of one winner takes 3 folds of 1 s on 2 workers, and a third more to be sure.
    one = 3 * 1.3 / 2
    few = look(seconds=2 * 9.5 * one)  # two draws, or none
    assert few is not None
    assert len(few.results) == 9
    assert look(seconds=2 * 7.5 * one) is None
    slow = tuple(replace(each, predict_ms_per_row=10.0) for each in searched()[0].results)
    # Predicting 600 rows takes 6 s more, and is not shared by the workers.
    assert look(seconds=2 * 9.5 * one, history=History(METRIC, slow)) is None
    late = ModelExecutor(late_after=2 * MOST_WINNERS * N_FOLDS)
    cut = look(executor=late)
    assert cut is not None
    assert cut.n_draws == 2
    assert SPENT in cut.said or AGREED in cut.said
    assert look(executor=ModelExecutor(late_after=MOST_WINNERS * N_FOLDS)) is None
    assert look(executor=ModelExecutor(late_after=0)) is None


@pytest.mark.parametrize(
    "given",
    [
        {"until": NEVER},  # without a clock
        {"until": Deadline(-1.0, clock=lambda: 0.0)},
        {"folds": FoldPlan(FOLDS.folds[:1], "one split")},
        {"dataset": replace(DATA, times=np.arange(N_ROWS))},
        {"history": searched()[0].before(FEWEST_TRIALS - 1)},
    ],
)
def test_there_is_none_where_nothing_can_be_learned(given: dict[str, Any]) -> None:
    executor = ModelExecutor()
    assert look(executor=executor, **given) is None
    assert executor.jobs == []


def test_a_winner_that_cannot_be_scored_again_is_left_out() -> None:
    class Failing(ModelExecutor):
        def _model(self, job: MemberJob) -> Any:
            if job.trial_number == 1:
                return SimpleNamespace(predict_scores=lambda rows: rows["absent"])
            return super()._model(job)

    seen = look(executor=Failing())
    assert seen is not None
    assert 1 not in seen.predictions
    assert len(seen.results) == MOST_WINNERS - 1


def test_draws_end_when_their_noise_is_small_beside_that_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(8, 1, 5))
    rows -= rows.mean(axis=2, keepdims=True)
    shared = rng.normal(size=(1, 3, 1))  # easy and hard draws, the same for all
    assert draws_agree(np.broadcast_to(rows, (8, 3, 5)) + shared)
    assert not draws_agree(np.broadcast_to(rows, (8, 3, 5)) + rng.normal(size=(8, 3, 1)))
    assert not draws_agree(rows)  # one draw says nothing of its noise
