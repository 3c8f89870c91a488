import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.metrics.resampling import mean_error, resampling_units


def test_groups_are_drawn_whole() -> None:
    groups = np.array(["b", "a", "b", "c", "b"])
    units = resampling_units(5, groups)
    rows = units.draw(np.random.default_rng(0))
    counts = np.bincount(rows, minlength=5)
    assert counts[0] == counts[2] == counts[4]
    assert units.n_groups == 3
    assert resampling_units(5).n_groups is None


def test_a_large_group_makes_the_others_count_less() -> None:
    assert resampling_units(40).effective == pytest.approx(40)
    assert resampling_units(40, np.repeat(np.arange(4), 10)).effective == pytest.approx(4)
    unequal = resampling_units(40, np.repeat([0, 1, 2, 3], [37, 1, 1, 1]))
    assert 1 < unequal.effective < 1.3
    weighed = resampling_units(40, sample_weight=np.where(np.arange(40) < 5, 1.0, 0.0))
    assert weighed.effective == pytest.approx(5)
    assert weighed.few


def test_of_a_single_group_nothing_follows() -> None:
    units = resampling_units(9, np.zeros(9))
    assert units.half_width(np.ones(3), 0.95) == np.inf
    assert mean_error(np.full(9, 1 / 9), np.arange(9.0), np.zeros(9)) == np.inf


def test_with_many_units_the_bounds_are_those_of_a_normal() -> None:
    units = resampling_units(100_000)
    samples = np.random.default_rng(0).normal(size=20_000)
    assert units.half_width(samples, 0.95) == pytest.approx(1.645, rel=0.02)
    assert units.tail(0.975) == pytest.approx(0.025, rel=0.001)


@given(st.integers(2, 12), st.integers(1, 6), st.integers(0, 99))
def test_the_error_of_a_mean_counts_equal_rows_of_a_group_once(
    n_groups: int, copies: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=n_groups)
    groups = np.repeat(np.arange(n_groups), copies)
    weight = np.full(len(groups), 1.0 / len(groups))
    expected = values.std(ddof=1) / np.sqrt(n_groups)
    assert mean_error(weight, values[groups], groups) == pytest.approx(expected)
    # Without groups it is that of independent rows, as ever.
    assert mean_error(weight, values[groups]) == pytest.approx(values.std() / np.sqrt(len(groups)))
