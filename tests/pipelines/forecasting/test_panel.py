"""A panel at its origins, its gaps, and blocks of it."""

import numpy as np
import pytest

from espalier.pipelines.forecasting.blocks import blocks_of, forecast_blocks
from espalier.pipelines.forecasting.panel import Panel, fill_gaps
from espalier.pipelines.resources.budget import Deadline


@pytest.fixture
def panel() -> Panel:
    """Three series of 10, 4 and 1 values."""
    return Panel.of([np.arange(10.0), 100 + np.arange(4.0), np.array([7.0])])


def test_an_origin_hides_what_follows(panel: Panel) -> None:
    before = panel.before(3)
    assert before.lengths.tolist() == [7, 1, 0]
    assert before.series(0).tolist() == list(range(7))
    assert before.tail(3)[0].tolist() == [4, 5, 6]


def test_what_came_after_an_origin(panel: Panel) -> None:
    actual = panel.actual(3, 5)
    np.testing.assert_array_equal(actual[0], [7, 8, 9, np.nan, np.nan])
    np.testing.assert_array_equal(actual[1], [101, 102, 103, np.nan, np.nan])
    assert np.isnan(actual[2]).all()  # it had not begun


def test_a_filled_gap_is_no_value_that_came() -> None:
    panel = Panel.of([np.array([1.0, 2.0, np.nan, 4.0])])
    assert panel.values.tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(panel.actual(3, 3)[0], [2, np.nan, 4])


def test_a_long_gap_keeps_the_season() -> None:
    steps = np.arange(60)
    truth = 10 * np.sin(2 * np.pi * steps / 6)
    values = truth.copy()
    values[30:38] = np.nan
    fill_gaps(values, 6)
    assert np.abs(values - truth)[30:38].max() < 3.0


def test_covariates_of_the_future_stay_known_at_an_origin() -> None:
    panel = Panel(
        values=np.arange(6.0),
        observed=np.ones(6, dtype=bool),
        starts=np.array([0]),
        stops=np.array([5]),
        limits=np.array([6]),
        first=np.array([3]),
        covariates=10 * np.arange(6.0)[:, None],
    )
    np.testing.assert_array_equal(panel.future(2)[0, :, 0], [50, np.nan])
    np.testing.assert_array_equal(panel.before(2).future(3)[0, :, 0], [30, 40, 50])
    assert panel.before(2).phase().tolist() == [6]


def test_blocks_hold_every_series_longest_first(panel: Panel) -> None:
    (block,) = blocks_of(panel, longest=5, per_series=1)
    assert block.rows.tolist() == [0, 1, 2]
    assert block.lengths.tolist() == [5, 4, 1]
    assert block.active.tolist() == [3, 2, 2, 2, 1]
    assert block.values[0].tolist() == [5, 6, 7, 8, 9]
    assert block.reversed()[1].tolist() == [103, 102, 101, 100, 0]
    np.testing.assert_array_equal(block.last(2)[2], [np.nan, 7])


def test_blocks_are_small_enough(panel: Panel) -> None:
    sizes = [len(each) for each in blocks_of(panel, longest=5, per_series=20_000)]
    assert sizes == [2, 1]


def test_forecasts_come_back_in_the_order_of_the_panel(panel: Panel) -> None:
    made = forecast_blocks(
        panel.take(np.array([2, 0, 1])),
        2,
        lambda block, horizon: np.repeat(block.last(1), horizon, axis=1),
        longest=5,
        per_series=1,
    )
    assert made[:, 0].tolist() == [7, 9, 103]


def test_a_passed_deadline_ends_the_work(panel: Panel) -> None:
    with pytest.raises(TimeoutError):
        forecast_blocks(
            panel,
            2,
            lambda block, horizon: np.zeros((len(block), horizon)),
            longest=5,
            per_series=1,
            deadline=Deadline.after(-1.0),
        )
