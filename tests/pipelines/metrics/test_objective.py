import numpy as np
import pytest
from sklearn.metrics import (
    make_scorer,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_tweedie_deviance,
)

from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import METRICS, get_metric
from espalier.pipelines.metrics.objective import (
    ABSOLUTE_ERROR,
    SQUARED_ERROR,
    LossKind,
    TrainingObjective,
    deviance,
)
from espalier.pipelines.problem import ProblemKind

REGRESSION = ProblemKind.REGRESSION


def objective(name) -> TrainingObjective:
    return get_metric(name, REGRESSION).objective


def test_metrics_of_the_mean_and_of_classes_ask_for_squares_as_before() -> None:
    for name, metric in METRICS.items():
        if REGRESSION not in metric.problems or name in ("rmse", "mse", "r2", "max_error"):
            assert metric.objective == SQUARED_ERROR


def test_each_metric_asks_for_its_own_loss() -> None:
    for name in ("mae", "median_ae", "d2_absolute_error", "pinball", "neg_mean_absolute_error"):
        assert objective(name) == ABSOLUTE_ERROR
    assert objective("pinball_0.9") == TrainingObjective(loss=LossKind.QUANTILE, level=0.9)
    assert objective("rmsle") == objective("msle") == TrainingObjective(on_log=True, log_unit=1.0)
    assert objective("mape").relative
    assert objective("tweedie_deviance_1.3").variance_power == 1.3
    assert objective("poisson_deviance").variance_power == 1.0
    assert objective("gamma_deviance").variance_power == 2.0


def test_a_scorer_of_scikit_learn_asks_for_the_loss_of_its_function() -> None:
    assert objective(make_scorer(mean_absolute_error, greater_is_better=False)) == ABSOLUTE_ERROR
    upper = make_scorer(mean_pinball_loss, greater_is_better=False, alpha=0.9)
    assert objective(upper) == TrainingObjective(loss=LossKind.QUANTILE, level=0.9)

    def own(y, predicted):
        return mean_absolute_error(y, predicted)

    assert objective(make_scorer(own, greater_is_better=False)) == SQUARED_ERROR


def test_a_tweedie_deviance_lies_between_poisson_and_gamma() -> None:
    y, f = np.array([0.0, 1.0, 4.0]), np.array([0.5, 2.0, 3.0])
    metric = get_metric("tweedie_deviance", REGRESSION)
    assert metric.function(y, f, None) == pytest.approx(mean_tweedie_deviance(y, f, power=1.5))
    with pytest.raises(UserError, match="unknown metric"):
        get_metric("tweedie_deviance_2.5", REGRESSION)


@pytest.mark.parametrize(
    ("power", "known"), [(1.0, mean_poisson_deviance), (2.0, mean_gamma_deviance)]
)
def test_half_of_the_deviance_is_that_of_scikit_learn(power: float, known) -> None:
    rng = np.random.default_rng(0)
    y, f, weight = rng.gamma(2.0, size=50), rng.gamma(2.0, size=50), rng.uniform(0.1, 2.0, 50)
    expected = 0.5 * known(y, f, sample_weight=weight)
    assert deviance(y, f, power, weight) == pytest.approx(expected)


def test_a_perfect_prediction_of_zero_counts_costs_nothing() -> None:
    assert deviance(np.zeros(3), np.full(3, 1e-12), 1.0, None) == pytest.approx(0.0, abs=1e-9)


def test_an_objective_fits_the_target_it_is_used_on() -> None:
    assert objective("gamma_deviance").fitting(np.array([0.0, 1.0])) == SQUARED_ERROR
    assert objective("poisson_deviance").fitting(np.array([0.0, 1.0])).loss is LossKind.POISSON
    assert objective("poisson_deviance").fitting(np.zeros(3)) == SQUARED_ERROR
    assert objective("rmsle").fitting(np.array([5.0, 7.0])).log_unit == 1.0
    # A hundredth of the mean size, so that the unit of the target says nothing.
    assert objective("smape").fitting(np.array([50.0, 150.0])).log_unit == 1.0
    assert not objective("smape").fitting(np.array([-1.0, 1.0])).on_log
