"""Log EI against an integral that neither cancels nor underflows.

h(z) = phi(z) + z Phi(z) = phi(z) * integral over t > 0 of t exp(z t - t^2 / 2), for any z; with
t = s / |z| the integrand is of order one for the most negative z.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from espalier.pipelines.acquisition.functions import (
    expected_improvement,
    log_expected_improvement,
    log_h,
)


def reference_log_h(z):
    scale = max(abs(z), 1.0)
    integral, _ = quad(
        lambda s: s * np.exp(z * s / scale - (s / scale) ** 2 / 2),
        0,
        np.inf,
        epsabs=0,
        epsrel=1e-12,
    )
    return -(z**2) / 2 - np.log(2 * np.pi) / 2 + np.log(integral) - 2 * np.log(scale)


@pytest.mark.parametrize(
    "z",
    [3.0, 0.5, 0.0, -0.5, -0.999, -1.0, -1.001, -2.0, -5.0, -30.0, -300.0, -999.0, -1001.0, -5e4],
)
def test_log_h_agrees_with_the_integral(z):
    assert log_h(np.array([z]))[0] == pytest.approx(reference_log_h(z), rel=1e-10)


def test_log_h_agrees_with_the_plain_formula_where_that_is_accurate():
    z = np.linspace(-4, 6, 101)
    np.testing.assert_allclose(log_h(z), np.log(norm.pdf(z) + z * norm.cdf(z)), rtol=1e-9)


@given(st.floats(-1e8, 40), st.floats(1e-9, 1e3))
def test_log_h_is_finite_and_rises_everywhere(z, step):
    low, high = log_h(np.array([z, z + step]))
    assert np.isfinite([low, high]).all()
    assert high >= low - 1e-9 * abs(low)


def test_candidates_are_told_apart_where_plain_ei_underflows():
    mean, std = np.array([-100.0, -101.0]), np.ones(2)
    assert (expected_improvement(mean, std, 0.0) == 0).all()
    better, worse = log_expected_improvement(mean, std, 0.0)
    assert better > worse


@pytest.mark.parametrize(("mean", "std", "best"), [(0.2, 0.5, 0.0), (-1.0, 0.3, 0.1)])
def test_expected_improvement_is_the_mean_of_the_improvement(mean, std, best):
    draws = np.random.default_rng(0).normal(mean, std, 400_000)
    found = expected_improvement(np.array([mean]), np.array([std]), best)[0]
    assert found == pytest.approx(np.maximum(draws - best, 0).mean(), rel=0.1)
