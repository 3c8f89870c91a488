"""Early stopping of boosted trees watches the loss that the metric asks for."""

import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.learners.families.boosting_rounds import Patience
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.functions import pinball
from espalier.pipelines.metrics.objective import LossKind, deviance
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace

BOOSTERS = ["lightgbm", "xgboost", "catboost"]
N_ROWS = 400
SHAPE = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=N_ROWS, n_columns=3)


def rows(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, counts over their mean, and weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, 3)).astype(np.float32)
    y = rng.poisson(np.exp(0.8 * X[:, 0])).astype(float) + 0.01
    return X, y / y.mean(), rng.uniform(0.2, 2.0, N_ROWS)


def watched(name: str, metric: str, loss: LossKind, monkeypatch) -> tuple[list[float], float]:
    """Return the losses that were watched, and that of the model's predictions."""
    objective = get_metric(metric, ProblemKind.REGRESSION).objective
    context = BuildContext(shape=SHAPE, seed=0, loss=loss, objective=objective)
    values = SearchSpace([LEARNERS[name]], SHAPE).default(name).model_values
    model = LEARNERS[name].build(values, context)
    seen: list[float] = []
    stop = Patience.stop

    def record(self: Patience, round_: int, given: float | None) -> bool:
        assert given is not None
        seen.append(given)
        return stop(self, round_, given)

    monkeypatch.setattr(Patience, "stop", record)
    (X, y, _), (new_X, new_y, weight) = rows(0), rows(1)
    model.fit(X, y, eval_set=(new_X, new_y), eval_weight=weight)
    found = model.predict(new_X)
    if objective.loss is LossKind.QUANTILE:
        return seen, pinball(new_y, found, weight, objective.level)
    return seen, deviance(new_y, found, objective.variance_power, weight)


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize("metric", ["poisson_deviance", "tweedie_deviance", "pinball_0.8"])
def test_the_loss_of_the_best_round_is_the_metrics_own(name, metric, monkeypatch) -> None:
    loss = get_metric(metric, ProblemKind.REGRESSION).objective.loss
    seen, own = watched(name, metric, loss, monkeypatch)
    assert min(seen) > 0
    assert min(seen) == pytest.approx(own, rel=1e-3)


@pytest.mark.parametrize("name", BOOSTERS)
def test_squared_errors_are_stopped_by_the_absolute_error(name, monkeypatch) -> None:
    seen, own = watched(name, "mae", LossKind.SQUARED, monkeypatch)
    assert min(seen) == pytest.approx(2 * own, rel=1e-3)


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_gamma_deviance_falls_to_its_best_round(name, monkeypatch) -> None:
    seen, own = watched(name, "gamma_deviance", LossKind.GAMMA, monkeypatch)
    assert 0 < min(seen) < seen[0]
    assert own < deviance(rows(1)[1], np.ones(N_ROWS), 2.0, rows(1)[2])
