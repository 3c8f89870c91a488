import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.gaussian_process import (
    GaussianProcess,
    _Objective,
    _own_and_shared,
)
from espalier.pipelines.surrogate.kernel import Embedding, matern, squared_distances


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    shape = DatasetShape(
        problem=ProblemKind.BINARY,
        n_rows=500,
        n_columns=12,
        n_categorical=4,
        n_classes=2,
        smallest_class=200,
        has_missing=True,
    )
    return SearchSpace(choose_learners(["lightgbm", "linear", "svm"], shape), shape)


@pytest.fixture(scope="module")
def points(space: SearchSpace) -> np.ndarray:
    return space.encode(space.sample(40, np.random.default_rng(0)))


def targets(X: np.ndarray) -> np.ndarray:
    y = X[:, 0] - 2.0 * X[:, 1] + np.where(X < 0, 0.0, X).sum(axis=1)
    return (y - y.mean()) / y.std()


def test_the_kernel_is_positive_definite_on_points_with_different_activity(
    space: SearchSpace, points: np.ndarray
) -> None:
    embedded = Embedding(space.coordinates)(points)
    kernel, _ = matern(squared_distances(embedded, embedded))
    assert np.linalg.eigvalsh(kernel).min() > -1e-9


def test_an_inactive_value_is_equally_far_from_all_active_ones() -> None:
    embedding = Embedding(["family=a", "family=b", "a:x"])
    off = embedding(np.array([[0.0, 1.0, -1.0]]))
    on = embedding(np.array([[0.0, 1.0, value] for value in (0.0, 0.3, 1.0)]))
    assert np.ptp(squared_distances(off, on)) < 1e-12


def test_distances_by_hyperparameter_add_up(space: SearchSpace, points: np.ndarray) -> None:
    embedding = Embedding(space.coordinates)
    embedded = embedding(points)
    whole = squared_distances(embedded, embedded)[np.triu_indices(len(points), 1)]
    np.testing.assert_allclose(embedding.group_distances(embedded).sum(axis=0), whole, atol=1e-9)


def test_the_gradient_of_the_fit_agrees_with_finite_differences(
    space: SearchSpace, points: np.ndarray
) -> None:
    embedding = Embedding(space.coordinates)
    distances, _ = _own_and_shared(embedding.group_distances(embedding(points)), len(points))
    objective = _Objective(
        distances=distances,
        y=targets(points),
        spread=np.linspace(0.5, 2.0, len(points)),
        length_centre=-0.3,
        noise_centre=-3.0,
    )
    theta = objective.start() + np.random.default_rng(1).normal(0, 0.3, len(distances) + 2)
    step = 1e-5
    numeric = [
        (objective.loss(theta + move)[0] - objective.loss(theta - move)[0]) / (2 * step)
        for move in step * np.eye(len(theta))
    ]
    np.testing.assert_allclose(objective.loss(theta)[1], numeric, rtol=1e-4, atol=1e-5)


def test_gradients_in_the_input_agree_with_finite_differences(
    space: SearchSpace, points: np.ndarray
) -> None:
    process = GaussianProcess(Embedding(space.coordinates)).fit(points, targets(points))
    X = np.where(points[:6] >= 0, 0.1 + 0.8 * points[:6], points[:6])
    mean, std, d_mean, d_std = process.predict_gradient(X)
    np.testing.assert_allclose(process.predict(X), (mean, std))
    step = 1e-5
    for column in range(X.shape[1]):
        move = np.where(X[:, [column]] >= 0, step, 0.0) * (np.arange(X.shape[1]) == column)
        up, down = process.predict(X + move), process.predict(X - move)
        np.testing.assert_allclose(d_mean[:, column], (up[0] - down[0]) / (2 * step), atol=1e-6)
        np.testing.assert_allclose(d_std[:, column], (up[1] - down[1]) / (2 * step), atol=1e-6)


def test_what_does_not_exist_has_no_gradient(space: SearchSpace, points: np.ndarray) -> None:
    process = GaussianProcess(Embedding(space.coordinates)).fit(points, targets(points))
    _, _, d_mean, d_std = process.predict_gradient(points)
    assert not d_mean[points < 0].any()
    assert not d_std[points < 0].any()


def test_it_learns_which_family_is_good(space: SearchSpace, points: np.ndarray) -> None:
    truth = points[:, 0] - points[:, 2]
    process = GaussianProcess(Embedding(space.coordinates)).fit(points[:30], truth[:30])
    mean, _ = process.predict(points[30:])
    assert np.corrcoef(mean, truth[30:])[0, 1] > 0.9


def test_believing_leaves_the_mean_and_takes_uncertainty_away(
    space: SearchSpace, points: np.ndarray
) -> None:
    process = GaussianProcess(Embedding(space.coordinates)).fit(points[:30], targets(points)[:30])
    before_mean, before_std = process.predict(points)
    mean, std = process.believe(points[30:33]).believe(points[33:35]).predict(points)
    np.testing.assert_allclose(mean, before_mean, atol=1e-9)
    assert (std <= before_std + 1e-9).all()
    assert (std[30:35] < 0.7 * before_std[30:35]).all()


def test_leaving_one_out_is_what_a_fit_without_it_says(
    space: SearchSpace, points: np.ndarray
) -> None:
    y = targets(points)
    process = GaussianProcess(Embedding(space.coordinates)).fit(points, y)
    left_out = process.leave_one_out()
    embedded = Embedding(space.coordinates)(points) * process._scale
    kernel, _ = matern(squared_distances(embedded, embedded))
    kernel[np.diag_indices(len(y))] += process.noise_
    others = np.arange(1, len(y))
    inverse = np.linalg.inv(kernel[np.ix_(others, others)])
    ones = inverse.sum(axis=1)
    mean = ones @ y[others] / ones.sum()
    direct = mean + kernel[0, others] @ inverse @ (y[others] - mean)
    assert left_out[0] == pytest.approx(direct)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_it_fits_to_very_few_trials(space: SearchSpace, points: np.ndarray, n: int) -> None:
    process = GaussianProcess(Embedding(space.coordinates)).fit(points[:n], np.arange(n) * 1.0)
    mean, std = process.predict(points)
    assert np.isfinite(mean).all()
    assert (std > 0).all()
