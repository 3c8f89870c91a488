import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.neural import NeuralPredictor


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    shape = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=500, n_columns=8)
    return SearchSpace(choose_learners(["linear", "lightgbm", "mlp"], shape), shape)


def sampled(space: SearchSpace, n: int) -> tuple[np.ndarray, np.ndarray]:
    X = space.encode(space.sample(n, np.random.default_rng(0)))
    y = X[:, 0] - X[:, 2] + np.where(X < 0, 0.0, X)[:, 3:9].sum(axis=1)
    return X, (y - y.mean()) / y.std()


@pytest.mark.parametrize("believing", [False, True])
def test_gradients_agree_with_finite_differences(space: SearchSpace, believing: bool) -> None:
    X, y = sampled(space, 40)
    model = NeuralPredictor(Embedding(space.coordinates), seed=0, meta=np.ones(3), steps=30)
    model = model.fit(X, y)
    at = np.where(X[:5] >= 0, 0.1 + 0.8 * X[:5], X[:5])
    if believing:
        model = model.believe(np.where(at >= 0, at + 0.02, at))
    mean, std, d_mean, d_std = model.predict_gradient(at)
    np.testing.assert_allclose(model.predict(at), (mean, std))
    step = 1e-5
    for column in range(X.shape[1]):
        move = np.where(at[:, [column]] >= 0, step, 0.0) * (np.arange(X.shape[1]) == column)
        up, down = model.predict(at + move), model.predict(at - move)
        np.testing.assert_allclose(d_mean[:, column], (up[0] - down[0]) / (2 * step), atol=1e-5)
        np.testing.assert_allclose(d_std[:, column], (up[1] - down[1]) / (2 * step), atol=1e-5)


def test_it_ranks_configurations_it_has_not_seen(space: SearchSpace) -> None:
    X, y = sampled(space, 120)
    model = NeuralPredictor(Embedding(space.coordinates), seed=0).fit(X[:80], y[:80])
    assert np.corrcoef(model.predict(X[80:])[0], y[80:])[0, 1] > 0.7


def test_meta_features_tell_datasets_apart(space: SearchSpace) -> None:
    X, y = sampled(space, 60)
    meta = np.repeat([[-1.0], [1.0]], 60, axis=0)
    both, scores = np.vstack([X, X]), np.concatenate([y, -y])
    dataset = np.repeat([0, 1], 60)
    answers = [
        NeuralPredictor(Embedding(space.coordinates), seed=3, meta=np.array([side]), steps=300)
        .fit(both, scores, meta=meta, dataset=dataset)
        .predict(X)[0]
        for side in (-1.0, 1.0)
    ]
    assert np.corrcoef(answers[0], y)[0, 1] > np.corrcoef(answers[1], y)[0, 1] + 0.5


def test_belief_takes_uncertainty_away_and_leaves_the_mean(space: SearchSpace) -> None:
    X, y = sampled(space, 40)
    model = NeuralPredictor(Embedding(space.coordinates), seed=0).fit(X[:20], y[:20])
    before, after = model.predict(X[20:]), model.believe(X[20:22]).predict(X[20:])
    np.testing.assert_allclose(before[0], after[0])
    assert (after[1][:2] < 0.5 * before[1][:2]).all()
