import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.lifecycle.drift.distances import (
    jensen_shannon,
    kolmogorov_smirnov,
    stability_index,
    stability_p_value,
    wasserstein,
)

counts = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(sum)
numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50).map(
    lambda values: np.sort(np.array(values))
)


@settings(deadline=None)
@given(counts, st.randoms())
def test_counts_are_as_far_from_each_other_as_the_other_way_round(one, random):
    two = random.sample(one, len(one))
    a, b = np.array(one), np.array(two)
    assert stability_index(a, a) == jensen_shannon(a, a) == 0.0
    assert stability_index(a, b) == pytest.approx(stability_index(b, a))
    assert stability_index(a, b) >= 0.0
    assert jensen_shannon(a, b) == pytest.approx(jensen_shannon(b, a))
    assert 0.0 <= jensen_shannon(a, b) <= 1.0


def test_counts_without_anything_in_common_are_as_far_as_can_be():
    assert jensen_shannon(np.array([5, 0]), np.array([0, 7])) == 1.0
    assert stability_index(np.array([500, 0]), np.array([0, 700])) > 5.0


@settings(deadline=None)
@given(numbers, numbers)
def test_values_are_as_far_from_each_other_as_scipy_says(one, two):
    from scipy.stats import ks_2samp

    assert kolmogorov_smirnov(one, two) == pytest.approx(ks_2samp(one, two).statistic)
    assert kolmogorov_smirnov(one, one) == wasserstein(one, one) == 0.0


@settings(deadline=None)
@given(st.floats(-5, 5))
def test_a_shift_is_measured_in_standard_deviations(shift):
    values = np.linspace(0.0, 10.0, 101)
    assert wasserstein(values, values + shift * values.std()) == pytest.approx(abs(shift), abs=1e-9)


def test_an_index_by_chance_has_an_even_p_value():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        one, two = (np.bincount(rng.integers(0, 10, n), minlength=10) for n in (900, 300))
        found.append(stability_p_value(stability_index(one, two), 900, 300, 10))
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_a_small_change_of_many_rows_is_sure_and_of_few_rows_is_not():
    before = np.array([500, 500])
    assert stability_p_value(stability_index(before, np.array([11, 9])), 1000, 20, 2) > 0.3
    assert stability_p_value(stability_index(before, np.array([550, 450])), 1000, 1000, 2) < 0.05
