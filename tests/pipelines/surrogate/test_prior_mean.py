import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.prior_mean import GuidedProcess


class Linear:
    """Experience that is linear in the encoding; what is inactive counts as it stands."""

    def __init__(self, slope: np.ndarray) -> None:
        self.slope = slope

    def mean(self, X: np.ndarray) -> np.ndarray:
        return X @ self.slope

    def mean_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return X @ self.slope, np.broadcast_to(self.slope, X.shape)


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    shape = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=500, n_columns=8)
    return SearchSpace(choose_learners(["linear", "lightgbm", "mlp"], shape), shape)


class ByFamily(Linear):
    """Experience that is wrong the other way round in one family."""

    def __init__(self, slope: np.ndarray, wrong: int) -> None:
        super().__init__(slope)
        self.wrong = wrong

    def mean(self, X: np.ndarray) -> np.ndarray:
        return super().mean(X) * np.where(X[:, self.wrong] > 0.5, -1.0, 1.0)


def fitted(space: SearchSpace, sign: float) -> tuple[GuidedProcess, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = space.encode(space.sample(60, rng))
    slope = rng.normal(size=X.shape[1])
    y = X @ slope
    scale = y.std()
    model = GuidedProcess(
        GaussianProcess(Embedding(space.coordinates)), Linear(sign * slope / scale), seed=0
    )
    y = (y + 0.2 * scale * rng.normal(size=60)) / scale
    return model.fit(X[:20], y[:20]), X, y


def test_experience_that_ranks_well_is_used_and_one_that_misleads_drops_out(
    space: SearchSpace,
) -> None:
    good, X, y = fitted(space, 1.0)
    bad, _, _ = fitted(space, -1.0)
    assert good.weight_ > 0.6
    assert bad.weight_ < 0.2
    plain = GaussianProcess(Embedding(space.coordinates)).fit(X[:20], y[:20])
    error = [np.abs(model.predict(X[20:])[0] - y[20:]).mean() for model in (good, plain, bad)]
    assert error[0] < error[1]
    assert error[2] < 1.5 * error[1]


def test_below_six_trials_experience_is_believed(space: SearchSpace) -> None:
    X = space.encode(space.sample(5, np.random.default_rng(1)))
    experience = Linear(np.ones(X.shape[1]))
    model = GuidedProcess(GaussianProcess(Embedding(space.coordinates)), experience, seed=0)
    assert model.fit(X, -experience.mean(X)).weight_ == 1.0


def test_the_gradient_includes_experience(space: SearchSpace) -> None:
    model, X, _ = fitted(space, 1.0)
    at = np.where(X[:4] >= 0, 0.1 + 0.8 * X[:4], X[:4])
    direction = np.where(at >= 0, 1.0, 0.0)
    step = 1e-5
    moved = model.predict(at + step * direction)[0] - model.predict(at - step * direction)[0]
    slope = (model.predict_gradient(at)[2] * direction).sum(axis=1)
    np.testing.assert_allclose(slope, moved / (2 * step), rtol=1e-4)
    believing = model.believe(at)
    np.testing.assert_allclose(believing.predict(at)[0], model.predict(at)[0])


def believed(space: SearchSpace, seed: int) -> GuidedProcess:
    """Return a process after eight trials of each family; experience is wrong about the second."""
    rng = np.random.default_rng(seed)
    X = space.encode(space.sample(24, rng))
    X[:, :3] = np.eye(3)[np.arange(24) % 3]
    slope = rng.normal(size=X.shape[1])
    slope[:3] = 0.0
    slope /= (X @ slope).std()
    model = GuidedProcess(
        GaussianProcess(Embedding(space.coordinates)),
        ByFamily(slope, wrong=1),
        seed=0,
        n_families=3,
    )
    return model.fit(X, X @ slope)


def test_each_family_is_believed_as_far_as_it_is_forecast(space: SearchSpace) -> None:
    weights = np.mean([believed(space, seed).weights_ for seed in range(6)], axis=0)
    assert weights[1] < 0.6 * min(weights[0], weights[2])


def test_of_families_without_trials_the_common_weight_is_what_is_known(space: SearchSpace) -> None:
    rng = np.random.default_rng(3)
    X = space.encode(space.sample_family(space.families[0], 9, rng))
    model = GuidedProcess(
        GaussianProcess(Embedding(space.coordinates)),
        Linear(rng.normal(size=X.shape[1])),
        seed=0,
        n_families=len(space.families),
    )
    model.fit(X, rng.normal(size=9))
    assert model.weights_[1] == model.weights_[2] == model.weight_


def test_the_gradient_includes_how_far_a_family_is_believed(space: SearchSpace) -> None:
    model, X, _ = fitted(space, 1.0)
    by_family = GuidedProcess(
        model._process, model._experience, seed=0, n_families=len(space.families)
    )
    by_family.weight_, by_family.weights_ = 0.5, np.array([0.2, 0.5, 0.9])
    at = np.where(X[:4] >= 0, 0.1 + 0.8 * X[:4], X[:4])
    direction = np.where(at >= 0, 1.0, 0.0)
    step = 1e-5
    ahead, behind = (by_family.predict(at + sign * step * direction)[0] for sign in (1, -1))
    slope = (by_family.predict_gradient(at)[2] * direction).sum(axis=1)
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-4)
    np.testing.assert_allclose(by_family.believe(at).predict(at)[0], by_family.predict(at)[0])
