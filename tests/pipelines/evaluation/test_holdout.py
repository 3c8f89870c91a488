import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.evaluation.holdout import (
    HURRIED_ROWS,
    HURRIED_SAMPLES,
    bootstrap_interval,
    dummy_score,
    predict_in_time,
)
from espalier.pipelines.metrics.catalogue import METRICS, make_metric
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline


def _dataset(y: np.ndarray, problem: ProblemKind) -> Dataset:
    return Dataset(
        X=pd.DataFrame({"a": np.zeros(len(y))}),
        y=y,
        problem=problem,
        roles={"a": ColumnRole.NUMERIC},
        classes=np.unique(y) if problem.is_classification else None,
    )


def test_the_interval_holds_the_score_and_narrows_with_rows() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for n_rows in (50, 800):
        y = rng.normal(size=n_rows)
        predictions = y + rng.normal(size=n_rows)
        low, high = bootstrap_interval(METRICS["rmse"], y, predictions, seed=0)
        assert low < score_predictions(METRICS["rmse"], y, predictions) < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_a_level_of_95_percent_covers_the_truth_that_often() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(50):
        y = rng.normal(size=60)
        low, high = bootstrap_interval(METRICS["mae"], y, np.zeros(60), seed=seed, n=120)
        hits += low <= np.sqrt(2 / np.pi) <= high
    assert 42 <= hits <= 50


def test_the_same_seed_gives_the_same_interval() -> None:
    y = np.arange(30) % 2
    p = np.random.default_rng(0).dirichlet([1, 1], 30)
    first, again, other = (
        bootstrap_interval(METRICS["roc_auc"], y, p, seed=seed, n=100) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_samples_without_a_class_are_left_out() -> None:
    y = np.array([0] * 19 + [1])
    p = np.column_stack([np.linspace(1, 0, 20), np.linspace(0, 1, 20)])
    low, high = bootstrap_interval(METRICS["roc_auc"], y, p, seed=0, n=100)
    assert 0.0 <= low <= high <= 1.0


def test_a_level_outside_0_and_1_is_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval(METRICS["mae"], np.zeros(3), np.zeros(3), seed=0, level=95)


def test_the_dummy_knows_the_shares_of_the_search_rows_alone() -> None:
    search = _dataset(np.array([0, 0, 0, 1]), ProblemKind.BINARY)
    y = np.array([1, 1, 0])
    assert dummy_score(search, y, METRICS["accuracy"]) == pytest.approx(1 / 3)
    assert dummy_score(search, y, METRICS["roc_auc"]) == 0.5
    expected = -(2 * np.log(0.25) + np.log(0.75)) / 3
    assert dummy_score(search, y, METRICS["log_loss"]) == pytest.approx(expected)


def test_the_dummy_takes_the_constant_that_suits_the_metric() -> None:
    search = _dataset(np.array([0.0, 0.0, 0.0, 100.0]), ProblemKind.REGRESSION)
    y = np.array([0.0, 0.0])
    assert dummy_score(search, y, METRICS["mae"]) == 0.0
    assert dummy_score(search, y, METRICS["rmse"]) == 25.0


class Clock:
    """A clock that a prediction of a row moves on."""

    def __init__(self, seconds_a_row: float) -> None:
        self.now = 0.0
        self.seconds_a_row = seconds_a_row
        self.calls: list[int] = []

    def predict(self, table: pd.DataFrame) -> np.ndarray:
        self.calls.append(len(table))
        self.now += self.seconds_a_row * len(table)
        return table["a"].to_numpy()

    def in_time(self, n_rows: int, seconds: float | None) -> np.ndarray:
        deadline = Deadline(seconds, clock=lambda: self.now)
        table = pd.DataFrame({"a": np.arange(n_rows, dtype=float)})
        rows, answers = predict_in_time(self.predict, table, deadline=deadline, seed=0)
        np.testing.assert_array_equal(answers, rows)  # each answer belongs to its row
        assert (np.diff(rows) > 0).all()
        return rows


def test_a_quick_model_is_scored_on_all_rows() -> None:
    assert len(Clock(1e-6).in_time(30_000, 10.0)) == 30_000
    assert Clock(1e9).in_time(30_000, None).tolist() == list(range(30_000))


def test_a_slow_model_is_scored_on_as_many_rows_as_the_time_allows() -> None:
    clock = Clock(1e-3)
    rows = clock.in_time(30_000, 10.0)
    assert 6_000 < len(rows) < 10_000
    assert clock.now <= 10.0
    assert rows.mean() == pytest.approx(15_000, rel=0.1)  # a random part, not the first rows


def test_however_late_it_is_some_rows_are_scored() -> None:
    assert len(Clock(1.0).in_time(30_000, -5.0)) == HURRIED_ROWS
    assert len(Clock(1.0).in_time(300, -5.0)) == 300


def test_when_the_time_is_up_fewer_samples_are_drawn() -> None:
    drawn = []

    def counting(y: np.ndarray, predictions: np.ndarray) -> float:
        drawn.append(len(y))
        return float(np.abs(y - predictions).mean())

    y = np.random.default_rng(0).normal(size=400)
    metric = make_metric("mine", counting, greater_is_better=False, needs="values")
    drawn.clear()
    late = Deadline(0.0, clock=lambda: 1.0)
    low, high = bootstrap_interval(metric, y, np.zeros(400), seed=0, deadline=late)
    assert len(drawn) == HURRIED_SAMPLES
    assert low < high


def test_the_interval_of_twenty_groups_of_equal_rows_covers_near_95_percent() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        errors = np.repeat(rng.normal(size=20), 50)
        low, high = bootstrap_interval(
            METRICS["rmse"],
            np.zeros(1000),
            errors,
            seed=seed,
            n=60,
            groups=np.repeat(np.arange(20), 50),
        )
        hits += low <= 1.0 <= high
    assert 178 <= hits <= 198


@pytest.mark.parametrize(("name", "expected"), [("mae", (0.0, np.inf)), ("r2", (-np.inf, 1.0))])
def test_one_group_says_nothing_about_others(name: str, expected: tuple[float, float]) -> None:
    y = np.arange(40.0)
    found = bootstrap_interval(METRICS[name], y, y + 1, seed=0, n=20, groups=np.ones(40))
    assert found == expected
    assert describe_interval(found).startswith("no 95 % interval")


def test_few_rows_keep_the_bounds_within_what_the_metric_can_be() -> None:
    y = np.arange(12) % 2
    p = np.column_stack([1 - y, y]) * 0.8 + 0.1
    p[0] = p[0][::-1]
    low, high = bootstrap_interval(METRICS["accuracy"], y, p, seed=0)
    assert 0.0 < low < 11 / 12 < high == 1.0
