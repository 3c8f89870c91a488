"""A whole training for a metric other than the squared error: models, ensemble and intervals."""

import numpy as np
import pytest

from espalier import AutoMLRegressor
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind


def skewed(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    return X, np.exp(0.8 * X[:, 0] + 0.8 * rng.normal(size=n_rows))


def trained(metric: str, **options) -> AutoMLRegressor:
    model = AutoMLRegressor(
        metric=metric,
        families=["linear", "lightgbm", "knn"],
        n_trials=6,
        n_jobs=1,
        random_state=0,
        **options,
    )
    return model.fit(*skewed(300, 0))


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["mae", "pinball_0.9", "rmsle", "gamma_deviance"])
def test_the_model_serves_its_metric_and_its_intervals_cover(metric: str) -> None:
    model = trained(metric)
    X, y = skewed(2_000, 1)
    score = get_metric(metric, ProblemKind.REGRESSION).function
    found = model.predict(X)
    assert score(y, found, None) < score(y, trained("rmse").predict(X), None)
    low, high = model.predict_interval(X, coverage=0.9)
    assert np.mean((low <= y) & (y <= high)) == pytest.approx(0.9, abs=0.05)
    if metric in ("rmsle", "gamma_deviance"):
        assert min(found.min(), low.min()) >= 0


@pytest.mark.slow
def test_a_search_for_the_absolute_error_chooses_what_to_minimise() -> None:
    board = trained("mae").leaderboard_
    tried = {dict(each).get("prep_objective") for each in board["configuration"]}
    assert "log" in tried
    assert len(tried) > 1
    plain = trained("rmse").leaderboard_
    assert {dict(each).get("prep_objective") for each in plain["configuration"]} == {None}
