import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from espalier.pipelines.ensemble.losses import Loss, SquaredError, make_loss
from espalier.pipelines.ensemble.regression_losses import PinballLoss
from espalier.pipelines.ensemble.stacking import fit_stack
from espalier.pipelines.ensemble.stagewise import stagewise_path
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind

METRICS = ["mae", "mape", "pinball_0.9", "pinball_0.1", "poisson_deviance", "rmse"]
# Their losses are not convex far from the target, where predictions are much too large.
BENT = ["rmsle", "smape", "tweedie_deviance", "gamma_deviance"]


def loss_of(metric: str, y: np.ndarray, weight: np.ndarray | None = None) -> Loss:
    objective = get_metric(metric, ProblemKind.REGRESSION).objective
    return make_loss(y, ProblemKind.REGRESSION, 1, weight, objective=objective)


def counts(seed: int, n_rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Return counts and five candidates, some of which predict negative numbers."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2.0, 1.5, n_rows)
    y = rng.poisson(mean).astype(float)
    noise = rng.uniform(0.2, 2.0, 5)[:, None] * rng.normal(size=(5, n_rows))
    return y, (mean + noise)[:, :, None]


def positive(seed: int, n_rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Return positive values with a long tail and five candidates, unlike in their errors."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2.0, 1.5, n_rows) + 0.2
    y = mean * rng.gamma(1.5, 1 / 1.5, n_rows) + 0.01
    factors = np.exp(np.linspace(0.2, 1.0, 5)[:, None] * rng.normal(size=(5, n_rows)))
    return y, (np.linspace(0.6, 1.6, 5)[:, None] * mean * factors)[:, :, None]


@pytest.mark.parametrize("metric", METRICS)
def test_residual_and_curvature_are_the_derivatives(metric: str) -> None:
    rng = np.random.default_rng(0)
    y, candidates = counts(0)
    loss = loss_of(metric, y, rng.uniform(0.1, 3.0, len(y)))
    F, direction, h = candidates[0], rng.normal(size=(len(y), 1)), 1e-5
    ahead, here, back = (loss.value(F + s * h * direction) for s in (1, 0, -1))
    slopes, curvatures = loss.along(F, np.stack([direction, 2 * direction]))
    assert slopes[0] == pytest.approx(-(ahead - back) / (2 * h), rel=1e-3)
    assert slopes[1] == pytest.approx(2 * slopes[0])
    assert slopes[0] == pytest.approx(float(np.vdot(loss.residual(F), direction)))
    assert curvatures[1] == pytest.approx(4 * curvatures[0])
    assert curvatures[0] > 0
    assert ahead + back - 2 * here > -1e-12  # convex


@pytest.mark.parametrize("metric", METRICS)
def test_no_constant_is_better_than_the_start_whatever_the_unit(metric: str) -> None:
    y, _ = counts(1)
    loss, thousand = loss_of(metric, y), loss_of(metric, 1000 * y)
    start = np.tile(loss.start(), (len(y), 1))
    assert thousand.value(1000 * start) == pytest.approx(loss.value(start), rel=1e-6)
    for shift in np.linspace(-2, 2, 21):
        assert loss.value(start) <= loss.value(start + shift) + 1e-9


def test_the_start_of_a_quantile_is_about_the_quantile() -> None:
    y = np.random.default_rng(0).normal(size=4000)
    assert loss_of("pinball_0.9", y).start()[0] == pytest.approx(np.quantile(y, 0.9), abs=0.1)
    assert loss_of("mae", y).start()[0] == pytest.approx(np.median(y), abs=0.05)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(METRICS), st.integers(0, 10_000), st.sampled_from([0.1, 1.0]))
@example("pinball_0.1", 402, 0.1)  # Newton's steps went to and fro between the same two
def test_the_path_holds_what_it_promises_for_every_loss(
    metric: str, seed: int, shrinkage: float
) -> None:
    y, candidates = counts(seed)
    path = stagewise_path(candidates, loss_of(metric, y), shrinkage=shrinkage, max_stages=15)
    assert (path.weights >= 0).all()
    assert (np.diff(path.losses) < 0).all()
    order = np.random.default_rng(seed).permutation(len(y))
    twice = np.concatenate([candidates, candidates[:2]])[:, order]
    other = stagewise_path(twice, loss_of(metric, y[order]), shrinkage=shrinkage, max_stages=15)
    assert other.losses[-1] == pytest.approx(path.losses[-1], rel=1e-3)
    merged = other.weights[-1][:5].copy()
    merged[:2] += other.weights[-1][5:]
    np.testing.assert_allclose(merged, path.weights[-1], atol=5e-3)


@pytest.mark.parametrize("metric", ["pinball_0.9", "mae", "poisson_deviance"])
def test_its_own_loss_serves_the_metric_better_than_squared_error(metric: str) -> None:
    function = get_metric(metric, ProblemKind.REGRESSION).function
    y, candidates = counts(3, 1500)
    y[::10] += 40.0  # outliers, which the mean follows
    new_y, new = counts(4, 1500)
    new_y[::10] += 40.0
    scores = []
    for loss in (loss_of(metric, y), loss_of("rmse", y)):
        weights, intercept = fit_stack(candidates, loss, penalty=1e-3)
        answers = intercept[0] + np.tensordot(weights, new, axes=1)[:, 0]
        scores.append(function(new_y, answers, None))
    assert scores[0] <= scores[1]


def test_metrics_of_the_mean_and_targets_without_the_loss_keep_squared_error() -> None:
    y = np.array([-1.0, 2.0, 3.0])
    needs_positive = ("poisson_deviance", "tweedie_deviance", "gamma_deviance", "rmsle", "msle")
    for metric in ("rmse", "r2", "max_error", *needs_positive):
        assert isinstance(loss_of(metric, y), SquaredError)
    assert isinstance(loss_of("gamma_deviance", np.array([0.0, 2.0])), SquaredError)
    assert isinstance(loss_of("smape", y), PinballLoss)


@pytest.mark.parametrize("metric", BENT)
def test_bent_losses_fall_along_their_residual_by_positive_curvature(metric: str) -> None:
    rng = np.random.default_rng(0)
    y, candidates = positive(0)
    loss = loss_of(metric, y, rng.uniform(0.1, 3.0, len(y)))
    F, direction, h = candidates[0], rng.normal(size=(len(y), 1)), 1e-5
    ahead, back = (loss.value(F + s * h * direction) for s in (1, -1))
    slopes, curvatures = loss.along(F, np.stack([direction, 2 * direction]))
    assert slopes[0] == pytest.approx(-(ahead - back) / (2 * h), rel=1e-3)
    assert slopes[0] == pytest.approx(float(np.vdot(loss.residual(F), direction)))
    assert curvatures[1] == pytest.approx(4 * curvatures[0])
    assert curvatures[0] > 0


@pytest.mark.parametrize("metric", BENT)
def test_no_constant_is_better_than_the_start_of_a_bent_loss(metric: str) -> None:
    y, _ = positive(1)
    loss = loss_of(metric, y)
    start = np.tile(loss.start(), (len(y), 1))
    for shift in np.linspace(-2, 2, 21):
        assert loss.value(start) <= loss.value(start + shift) + 1e-6
    if metric != "rmsle":  # one is added to the target before the logarithm, whatever its unit
        thousand = loss_of(metric, 1000 * y)
        assert thousand.value(1000 * start) == pytest.approx(loss.value(start), rel=1e-6)


@pytest.mark.parametrize("metric", BENT)
def test_a_bent_loss_serves_its_metric_better_than_squared_error(metric: str) -> None:
    function = get_metric(metric, ProblemKind.REGRESSION).function
    (y, candidates), (new_y, new) = positive(3, 1500), positive(4, 1500)
    scores = []
    for loss in (loss_of(metric, y), loss_of("rmse", y)):
        weights, intercept = fit_stack(candidates, loss, penalty=1e-3)
        path = stagewise_path(candidates, loss, shrinkage=0.1, max_stages=40)
        stacked = intercept[0] + np.tensordot(weights, new, axes=1)[:, 0]
        added = path.intercept(len(path))[0] + np.tensordot(path.weights[-1], new, axes=1)[:, 0]
        scores.append([function(new_y, answers, None) for answers in (stacked, added)])
    assert scores[0][0] < scores[1][0]
    assert scores[0][1] < scores[1][1]


@pytest.mark.parametrize("metric", BENT)
def test_predictions_below_zero_cost_more_the_further_they_are(metric: str) -> None:
    y, _ = positive(5)
    loss = loss_of(metric, y)
    values = [loss.value(np.full((len(y), 1), value)) for value in (0.01, -1.0, -2.0, -100.0)]
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()


def test_targets_that_are_all_alike_give_finite_numbers() -> None:
    for metric in METRICS + BENT:
        for value in (0.0, 3.0):
            loss = loss_of(metric, np.full(8, value))
            F = np.tile(loss.start(), (8, 1))
            assert np.isfinite(loss.value(F))
            assert np.isfinite(loss.residual(F)).all()
