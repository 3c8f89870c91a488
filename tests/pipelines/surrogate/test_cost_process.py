import numpy as np

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.cost_process import CostProcess
from espalier.pipelines.surrogate.kernel import Embedding


def test_it_learns_seconds_and_knows_where_they_fall() -> None:
    shape = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=500, n_columns=8)
    space = SearchSpace(choose_learners(["linear", "lightgbm"], shape), shape)
    X = space.encode(space.sample(60, np.random.default_rng(0)))
    leaves = X[:, space.coordinates.index("lightgbm:num_leaves")]
    log_seconds = np.where(leaves >= 0, 1.0 + 2.0 * leaves, -3.0)
    model = CostProcess(np.array([-2.0, 0.0]), Embedding(space.coordinates))
    model.fit(X[:40], log_seconds[:40])
    mean, std = model.predict(X[40:])
    assert np.abs(mean - log_seconds[40:]).mean() < 0.4
    assert (std > 0).all()
    again, _, slope, _ = model.predict_gradient(X[40:])
    np.testing.assert_allclose(again, mean)
    numbers = X[40:] * 0.8 + 0.1
    points = np.where(X[40:] >= 0, numbers, X[40:])
    points[:, :2] = X[40:, :2]
    column = space.coordinates.index("lightgbm:num_leaves")
    mean, _, slope, _ = model.predict_gradient(points)
    step = 1e-5 * (np.arange(X.shape[1]) == column) * (points >= 0)
    numeric = (model.predict(points + step)[0] - model.predict(points - step)[0]) / 2e-5
    np.testing.assert_allclose(slope[:, column], numeric, atol=1e-5)
