"""The two estimators: scikit-learn's own checks, and what people do with estimators."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from pipelines.automl import AutoMLClassifier, AutoMLRegressor

CHEAP: dict[str, Any] = {"time_budget": None, "n_trials": 1, "families": ("linear",)}


def _expected_failures(estimator: Any) -> dict[str, str]:
    return {}


@parametrize_with_checks(
    [AutoMLClassifier(**CHEAP), AutoMLRegressor(**CHEAP)],
    expected_failed_checks=_expected_failures,
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)
