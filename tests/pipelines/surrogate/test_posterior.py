"""The posterior of a Gaussian process, against the textbook's formulas."""

import numpy as np
import pytest

from espalier.pipelines.surrogate.posterior import Posterior

NOISE, MEAN, AMPLITUDE = 0.1, 0.5, 2.0


def kernel(A, B):
    return np.exp(-0.5 * ((A[:, None, :] - B[None, :, :]) ** 2).sum(axis=2))


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    points, y = rng.normal(size=(6, 2)), rng.normal(size=6)
    covariance = kernel(points, points) + NOISE * np.eye(6)
    alpha = np.linalg.solve(covariance, y - MEAN)
    return Posterior(points, np.linalg.cholesky(covariance), alpha, MEAN, AMPLITUDE), covariance, y


def test_mean_and_deviation_are_those_of_the_formulas(fitted):
    posterior, covariance, y = fitted
    new = np.random.default_rng(1).normal(size=(4, 2))
    k = kernel(new, posterior.points)
    mean, deviation = posterior.predict(k, 1.0, least=1e-10)
    np.testing.assert_allclose(mean, MEAN + k @ np.linalg.solve(covariance, y - MEAN))
    variance = AMPLITUDE * (1.0 - np.diag(k @ np.linalg.solve(covariance, k.T)))
    np.testing.assert_allclose(deviation, np.sqrt(variance))
    again, also, beta = posterior.predict_with_slopes(k, 1.0, least=1e-10)
    np.testing.assert_allclose((again, also), (mean, deviation))
    np.testing.assert_allclose(beta @ covariance, k)


def test_what_it_believes_of_points_changes_no_mean_and_lessens_the_doubt(fitted):
    posterior, _, _ = fitted
    fresh = np.random.default_rng(2).normal(size=(2, 2))
    corner = kernel(fresh, fresh) + NOISE * np.eye(2)
    believing = posterior.believing(fresh, kernel(fresh, posterior.points), corner)
    new = np.vstack([fresh, np.zeros((1, 2))])
    before = posterior.predict(kernel(new, posterior.points), 1.0, least=1e-10)
    after = believing.predict(kernel(new, believing.points), 1.0, least=1e-10)
    np.testing.assert_allclose(after[0], before[0])
    assert (after[1] < before[1]).all()
