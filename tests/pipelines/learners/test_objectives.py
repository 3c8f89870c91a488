"""A family that is asked for a metric does better on it than one asked for the squared error."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from threadpoolctl import threadpool_limits

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.custom import learner_from_estimator
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.objective import DEVIANCES, LossKind
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.objectives import objective_choices
from espalier.pipelines.trials.configuration import Configuration

REGRESSION = ProblemKind.REGRESSION
OWN = learner_from_estimator("own", LinearRegression())
ALL = [each for each in (*LEARNERS.values(), OWN) if REGRESSION in each.problems]
ROLES = dict.fromkeys("abc", ColumnRole.NUMERIC)
RMSE = get_metric("rmse", REGRESSION)


def able(loss: LossKind) -> list:
    return [pytest.param(each, id=each.name) for each in ALL if loss in each.losses]


EVERY = [pytest.param(each, id=each.name) for each in ALL]


def metric_of(name: str) -> Metric:
    return get_metric(name, REGRESSION)


def skewed(n_rows: int, seed: int, noise: str = "log-normal") -> Dataset:
    """Return rows whose target is the exponential of a signal times noise with a long tail."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=list("abc"))
    mean = np.exp(0.6 * X["a"].to_numpy() + 0.4 * np.sin(2 * X["b"].to_numpy()))
    factor = {
        "log-normal": lambda: np.exp(rng.normal(size=n_rows)),
        "gamma": lambda: rng.gamma(1.5, 1 / 1.5, n_rows),
        "counts": lambda: rng.poisson(mean) / mean,
        "amounts": lambda: rng.poisson(mean) * rng.gamma(2.0, 0.5, n_rows) / mean,
    }[noise]()
    return Dataset(X=X, y=mean * factor, problem=REGRESSION, roles=ROLES)


def fitted(
    learner: Learner, data: Dataset, metric: Metric, weight: np.ndarray | None = None, **choices
) -> Candidate:
    default = SearchSpace([learner], data.shape).default(learner.name)
    configuration = Configuration.of(learner.name, {**default, **choices})
    made = Candidate(configuration, learner, ROLES, data.shape, 0, objective=metric.objective)
    with threadpool_limits(limits=1):  # as in a worker
        return made.fit(data.X, data.y, sample_weight=weight)


def gain(learner: Learner, metric: Metric, noise: str = "log-normal", **choices) -> float:
    """Return the score for the metric of a model asked for it, over that of one asked for rmse."""
    train, test = skewed(400, 0, noise), skewed(2_000, 1, noise)
    own, other = (
        score_predictions(
            metric, test.y, fitted(learner, train, asked, **made).predict_scores(test.X)
        )
        for asked, made in ((metric, choices), (RMSE, {}))
    )
    return own / other


@pytest.mark.parametrize("learner", able(LossKind.QUANTILE))
def test_asked_for_the_absolute_error_it_is_smaller(learner: Learner) -> None:
    assert gain(learner, metric_of("mae")) < 0.97


@pytest.mark.parametrize("learner", able(LossKind.QUANTILE))
@pytest.mark.parametrize(("name", "most"), [("pinball_0.9", 0.9), ("pinball_0.1", 0.4)])
def test_asked_for_a_quantile_it_is_nearer(learner: Learner, name: str, most: float) -> None:
    assert gain(learner, metric_of(name)) < most


@pytest.mark.parametrize("learner", able(LossKind.QUANTILE))
@pytest.mark.parametrize("level", [0.1, 0.9])
def test_a_quantile_lies_above_its_share_of_new_rows(learner: Learner, level: float) -> None:
    train, test = skewed(600, 0), skewed(2_000, 1)
    found = fitted(learner, train, metric_of(f"pinball_{level}")).predict_scores(test.X)
    assert np.mean(test.y <= found) == pytest.approx(level, abs=0.12)


@pytest.mark.parametrize("learner", EVERY)
def test_asked_for_errors_of_logarithms_they_are_smaller(learner: Learner) -> None:
    # The support vector machine predicts about the median of either scale.
    assert gain(learner, metric_of("rmsle")) < (1.03 if learner.name == "svm" else 0.99)


@pytest.mark.parametrize("learner", EVERY)
def test_asked_for_relative_errors_they_are_smaller(learner: Learner) -> None:
    assert gain(learner, metric_of("mape")) < 0.9


@pytest.mark.parametrize("learner", able(LossKind.QUANTILE))
def test_asked_for_symmetric_relative_errors_they_are_smaller(learner: Learner) -> None:
    assert gain(learner, metric_of("smape")) < 0.99


# Support vector machines predict about the median without it.
@pytest.mark.parametrize("learner", [each for each in EVERY if each.id != "svm"])
def test_the_logarithm_of_a_skewed_target_serves_the_absolute_error(learner: Learner) -> None:
    assert gain(learner, metric_of("mae"), prep_objective="log") < 0.98


DEVIANCE_CASES = [
    pytest.param(each, name, noise, id=f"{each.name}-{name}")
    for each in ALL
    for name, noise in (
        ("poisson_deviance", "counts"),
        ("tweedie_deviance", "amounts"),
        ("gamma_deviance", "gamma"),
    )
    if metric_of(name).objective.loss in each.losses
]


@pytest.mark.parametrize(("learner", "name", "noise"), DEVIANCE_CASES)
def test_asked_for_a_deviance_it_is_no_larger_and_answers_are_positive(
    learner: Learner, name: str, noise: str
) -> None:
    metric = metric_of(name)
    assert gain(learner, metric, noise) < 1.03
    data = skewed(400, 0, noise)
    assert fitted(learner, data, metric).predict_scores(data.X).min() > 0


@pytest.mark.parametrize("name", ["mae", "rmsle", "mape", "gamma_deviance"])
@pytest.mark.parametrize("learner", EVERY)
def test_the_unit_of_the_weights_says_nothing_for_any_objective(
    learner: Learner, name: str
) -> None:
    data = skewed(90, 0, "gamma")
    weight = np.random.default_rng(3).gamma(2.0, size=len(data))
    same, other = (
        fitted(learner, data, metric_of(name), unit * weight).predict_scores(data.X)
        for unit in (1.0, 1e-7)
    )
    np.testing.assert_allclose(other, same, rtol=1e-3)


@pytest.mark.parametrize("name", ["pinball_0.8", "rmsle", "poisson_deviance"])
@pytest.mark.parametrize("learner", EVERY)
def test_rows_that_hardly_count_do_not_matter_for_any_objective(
    learner: Learner, name: str
) -> None:
    data = skewed(160, 0)
    rare = np.arange(len(data)) % 2 == 0
    data.y[rare] += 1_000.0
    weight = np.where(rare, 1e-9, 1.0)
    assert fitted(learner, data, metric_of(name), weight).predict_scores(data.X).max() < 200


@pytest.mark.parametrize("name", ["mae", "poisson_deviance", "gamma_deviance"])
@pytest.mark.parametrize("learner", EVERY)
def test_the_unit_of_the_target_only_scales_the_answers(learner: Learner, name: str) -> None:
    data = skewed(120, 0, "gamma")
    metres = fitted(learner, data, metric_of(name)).predict_scores(data.X)
    small = fitted(learner, replace(data, y=data.y * 2.0**-20), metric_of(name))
    np.testing.assert_allclose(small.predict_scores(data.X) * 2.0**20, metres, rtol=0.05)


@pytest.mark.parametrize("learner", EVERY)
def test_no_answer_of_a_model_on_logarithms_is_negative(learner: Learner) -> None:
    data = skewed(120, 0)
    data.y[:40] = 0.0
    far = pd.DataFrame(np.full((3, 3), -50.0), columns=list("abc"))
    for asked, choice in (("rmsle", "metric"), ("mae", "log")):
        found = fitted(learner, data, metric_of(asked), prep_objective=choice)
        assert found.predict_scores(far).min() >= 0


@pytest.mark.parametrize("name", ["mae", "pinball_0.8", "tweedie_deviance"])
@pytest.mark.parametrize("learner", EVERY)
def test_sampled_configurations_work_for_any_objective(
    learner: Learner, name: str, messy: Callable[..., Dataset]
) -> None:
    data = messy(REGRESSION, n_rows=70)
    data = replace(data, y=np.exp(data.y / data.y.std()))
    objective = metric_of(name).objective
    space = SearchSpace([learner], data.shape, objective_choices(objective, data.y))
    for configuration in space.sample_family(learner.name, 3, np.random.default_rng(5)):
        made = Candidate(configuration, learner, data.roles, data.shape, 0, objective=objective)
        with threadpool_limits(limits=1):
            made.fit(data.X, data.y, sample_weight=np.linspace(0.5, 2, len(data)))
        assert np.isfinite(made.predict_scores(data.X)).all()


@pytest.mark.parametrize("learner", EVERY)
def test_metrics_of_the_mean_get_the_models_they_always_had(learner: Learner) -> None:
    data = skewed(80, 0)
    space = SearchSpace([learner], data.shape)
    plain = Candidate(space.default(learner.name), learner, ROLES, data.shape, 0)
    with threadpool_limits(limits=1):  # as in `fitted`
        plain.fit(data.X, data.y)
    same = plain.predict_scores(data.X)
    for name in ("rmse", "r2", "mse", "explained_variance", "max_error"):
        found = fitted(learner, data, metric_of(name)).predict_scores(data.X)
        np.testing.assert_array_equal(found, same)


def test_a_target_without_the_metrics_loss_is_learned_by_squares() -> None:
    data = skewed(80, 0)
    data.y[0] = -1.0
    for name in ("poisson_deviance", "gamma_deviance", "rmsle"):
        objective = metric_of(name).objective.fitting(data.y)
        assert objective.loss is LossKind.SQUARED
        assert not objective.on_log
    assert DEVIANCES.isdisjoint({metric_of("smape").objective.fitting(data.y).loss})
