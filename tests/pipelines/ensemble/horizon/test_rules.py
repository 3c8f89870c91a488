"""Weights of forecasts are learned, by block of the horizon, and chosen where they were not."""

import numpy as np
import pytest

from espalier.pipelines.ensemble.horizon.choose import choose_forecast_rule, combined_share
from espalier.pipelines.ensemble.horizon.records import ForecastRecords, forecast_records
from espalier.pipelines.ensemble.horizon.rules import (
    BEST,
    BLEND,
    CONVEX,
    FORECAST_COMBINERS,
    GREEDY,
    MEAN,
    ForecastCombiner,
    ForecastRule,
    horizon_blocks,
    n_blocks_of,
)
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.failures import SearchFailedError
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

W, S, H = 3, 40, 8


def _records(spreads: np.ndarray, *, seed: int = 0, series: int = S) -> ForecastRecords:
    """Return records of trials whose errors have these spreads, shape (k, H)."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(W, series, H))
    made = np.stack([truth + rng.normal(size=truth.shape) * each for each in spreads])
    return ForecastRecords(numbers=tuple(range(len(spreads))), made=made, actual=truth)


def test_blocks_cover_the_horizon_evenly() -> None:
    assert horizon_blocks(8, 4).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [n_blocks_of(h) for h in (1, 2, 3, 4, 8, 28)] == [1, 1, 1, 2, 4, 4]


@pytest.mark.parametrize("combiner", [GREEDY, CONVEX], ids=lambda each: each.name)
def test_weights_follow_the_horizon(combiner: ForecastCombiner) -> None:
    early = np.r_[np.full(4, 0.1), np.full(4, 2.0)]
    records = _records(np.stack([early, early[::-1]]), series=200)
    rule = combiner.fit(records, np.ones(records.actual.shape, dtype=bool), seed=0)
    assert rule.weights[0, 0] > 0.8
    assert rule.weights[-1, 1] > 0.8


def test_few_series_share_their_weights_over_the_horizon() -> None:
    early = np.r_[np.full(4, 0.1), np.full(4, 2.0)]
    spreads = np.stack([early, early[::-1]])

    def apart(series: int) -> float:
        records = _records(spreads, series=series)
        weights = BLEND.fit(records, np.ones(records.actual.shape, dtype=bool), seed=0).weights
        return float(weights[0, 0] - weights[-1, 0])

    assert apart(2) < 0.5 * apart(200)


@pytest.mark.parametrize("combiner", FORECAST_COMBINERS, ids=lambda each: each.name)
def test_weights_are_never_negative_nor_more_than_all(combiner: ForecastCombiner) -> None:
    records = _records(np.linspace(0.5, 3.0, 6)[:, None] * np.ones(H))
    rule = combiner.fit(records, np.ones((W, S, H), dtype=bool), seed=0)
    assert (rule.weights >= 0).all()
    assert (rule.weights.sum(axis=1) <= 1.0 + 1e-9).all()


def test_a_bad_forecast_does_not_spoil_the_ensemble() -> None:
    """A plain mean of all would be far worse: weights must be learned."""
    records = _records(np.array([0.3, 0.3, 5.0, 8.0])[:, None] * np.ones(H))
    choice = choose_forecast_rule(records, seed=0)
    best = np.abs(records.made[0] - records.actual).mean()
    assert np.abs(choice.nested - records.actual).mean() < best
    assert {2, 3}.isdisjoint(choice.rule.numbers)


def test_every_forecast_of_the_comparison_is_from_weights_of_other_cells() -> None:
    """What came at an origin, changed, changes no forecast that is judged there."""
    records = _records(np.linspace(0.5, 1.0, 4)[:, None] * np.ones(H))
    changed = records.actual.copy()
    changed[0, ::2] += 100.0
    other = ForecastRecords(numbers=records.numbers, made=records.made, actual=changed)
    one, two = (choose_forecast_rule(each, seed=0, combiners=(BLEND,)) for each in (records, other))
    np.testing.assert_array_equal(one.nested[0, ::2], two.nested[0, ::2])


def test_of_walks_next_to_nothing_is_left_but_the_last_value() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(6, S, H)).cumsum(axis=2)
    made = 0.5 * rng.normal(size=(4, *truth.shape)).cumsum(axis=3)
    records = ForecastRecords(numbers=(0, 1, 2, 3), made=made, actual=truth)
    choice = choose_forecast_rule(records, seed=0, combiners=(MEAN,))
    assert choice.share < 0.2
    assert np.abs(choice.nested).mean() < 0.2 * np.abs(made.mean(axis=0)).mean()
    np.testing.assert_allclose(choice.rule.weights.sum(), choice.share)


def test_good_forecasts_are_kept_whole_and_few_cells_change_little() -> None:
    choice = choose_forecast_rule(_records(np.full((3, H), 0.2)), seed=0)
    assert choice.share > 0.9
    misled = _records(np.full((1, H), 5.0), series=1)
    assert combined_share(misled, misled.made[0]) > 0.7


def test_a_combination_that_loses_to_the_base_at_six_origins_is_not_kept() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(6, 1, H))  # of one series, so that the share is drawn to 1
    noise = 2.0 * rng.normal(size=(1, *truth.shape))
    records = ForecastRecords(numbers=(0,), made=noise, actual=truth)
    share = combined_share(records, noise[0])
    assert np.abs(truth - share * noise[0]).mean() <= np.abs(truth).mean()


def test_a_single_series_at_a_single_origin_gets_the_best_trial() -> None:
    records = _records(np.array([0.1, 2.0])[:, None] * np.ones(H), series=1)
    one = ForecastRecords(
        numbers=records.numbers, made=records.made[:, :1], actual=records.actual[:1]
    )
    choice = choose_forecast_rule(one, seed=0)
    assert choice.method == BEST.name
    assert choice.rule.numbers == (0,)


def test_a_passed_deadline_still_gives_a_rule() -> None:
    records = _records(np.array([0.1, 2.0])[:, None] * np.ones(H))
    choice = choose_forecast_rule(records, seed=0, deadline=Deadline.after(-1.0))
    assert choice.method == BEST.name


def test_members_that_are_not_there_leave_their_weight_to_the_others() -> None:
    rule = ForecastRule(numbers=(4, 7, 9), weights=np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.4]]))
    fewer = rule.only([0, 2])
    assert fewer.numbers == (4, 9)
    np.testing.assert_allclose(fewer.weights.sum(axis=1), [1.0, 0.8])


def test_the_median_is_of_those_who_take_part() -> None:
    rule = ForecastRule(numbers=(0, 1, 2, 3), weights=np.array([[1.0, 1, 1, 0]]) / 3, median=True)
    made = np.array([1.0, 5.0, 2.0, 100.0])[:, None, None] * np.ones((4, 2, 3))
    assert (rule.apply(made) == 2.0).all()


def _result(number: int, score: float | None, family: str = "ets") -> TrialResult:
    trial = Trial(number=number, configuration=Configuration.of(family, {}), seed=0)
    status = TrialStatus.FAILED if score is None else TrialStatus.SUCCESS
    return TrialResult(trial=trial, status=status, score=score)


def test_records_are_in_units_best_first_without_twins() -> None:
    rng = np.random.default_rng(0)
    actual = 100 + rng.normal(size=(1, 5, 2))
    base = np.full((1, 5, 2), 100.0)
    scales = np.full(5, 4.0)
    made = {number: (actual + 0.1 * number).ravel().astype(np.float32) for number in (1, 2, 3)}
    made[3] = made[1]
    results = [_result(3, 0.1), _result(1, 0.1), _result(2, 0.05), _result(0, None)]
    records = forecast_records(
        results, made, actual=actual, base=base, scales=scales, loss="mae", cap=10
    )
    assert records.numbers == (2, 1)
    np.testing.assert_allclose(records.made[0], (actual + 0.2 - base) / 4.0, atol=1e-4)
    with pytest.raises(SearchFailedError):
        forecast_records(
            results[3:], made, actual=actual, base=base, scales=scales, loss="mae", cap=10
        )
