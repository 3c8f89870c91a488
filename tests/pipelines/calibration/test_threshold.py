from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import fbeta_score

from espalier.pipelines.calibration.threshold import check_threshold, is_tuned_for, tune_threshold
from espalier.pipelines.ensemble.out_of_fold import OutOfFold
from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import METRICS, make_metric
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline


def made(n_rows: int, shift: float, seed: int = 0, **more: Any) -> OutOfFold:
    """Return rows whose probabilities are right; the lower ``shift``, the fewer are positive."""
    rng = np.random.default_rng(seed)
    positive = 1.0 / (1.0 + np.exp(-(1.5 * rng.normal(size=n_rows) + shift)))
    return OutOfFold(
        predictions=np.column_stack([1.0 - positive, positive]),
        spread=np.zeros(n_rows),
        y=(rng.random(n_rows) < positive).astype(np.int64),
        sample_weight=more.get("sample_weight"),
        groups=more.get("groups"),
        problem=ProblemKind.BINARY,
        n_classes=2,
    )


def score(metric: Metric, rows: OutOfFold, threshold: float) -> float:
    return metric.function(rows.y, (rows.predictions[:, 1] > threshold).astype(int), None)


@pytest.mark.parametrize("name", ["f1", "balanced_accuracy"])
def test_a_rare_class_gets_a_threshold_near_the_best_on_new_rows(name: str) -> None:
    metric = METRICS[name]
    found = tune_threshold(made(1500, -3.0), metric, seed=0)
    assert found is not None
    new = made(10_000, -3.0, seed=1)
    best = max(score(metric, new, each) for each in np.linspace(0.02, 0.6, 15))
    assert score(metric, new, found.value) > score(metric, new, 0.5)
    assert score(metric, new, found.value) > best - 0.04
    assert found.before is not None
    assert found.after is not None
    assert found.standard_error is not None
    assert found.after - found.before > found.standard_error


@pytest.mark.parametrize("shift", [-3.0, 0.0])
def test_accuracy_of_right_probabilities_keeps_half(shift: float) -> None:
    tuned = [tune_threshold(made(800, shift, seed), METRICS["accuracy"], seed=0) for seed in (0, 1)]
    new = made(10_000, shift, seed=9)
    for each in tuned:  # if luck moved it, then not to where it hurts
        if each is not None:
            moved = score(METRICS["accuracy"], new, each.value)
            assert moved > score(METRICS["accuracy"], new, 0.5) - 0.01


def test_few_rows_move_it_less_than_many() -> None:
    many = tune_threshold(made(5_000, -3.0), METRICS["f1"], seed=0)
    assert many is not None
    few = [tune_threshold(made(150, -2.0, seed), METRICS["f1"], seed=0) for seed in range(3)]
    values = [0.5 if each is None else each.value for each in few]
    assert max(values) <= 0.7
    assert min(values) >= many.value - 0.1


def test_it_is_the_same_again() -> None:
    rows = made(600, -2.0)
    first = tune_threshold(rows, METRICS["f1"], seed=3)
    assert first == tune_threshold(rows, METRICS["f1"], seed=3)


@pytest.mark.parametrize("takes_weight", [True, False])
def test_an_own_metric_is_tuned_for(takes_weight: bool) -> None:
    def two(y: Any, p: Any, sample_weight: Any = None) -> float:
        return float(fbeta_score(y, p, beta=2, sample_weight=sample_weight, zero_division=0))

    function = two if takes_weight else (lambda y, p: two(y, p))
    metric = make_metric("f2", function, greater_is_better=True, needs="labels")
    found = tune_threshold(made(900, -3.0), metric, seed=0)
    assert found is not None
    assert 0.02 < found.value < 0.3  # a missed positive costs more than with f1


@pytest.mark.parametrize("reason", ["one class", "few of a class", "late"])
def test_nothing_is_tuned_where_nothing_can_be_proven(reason: str) -> None:
    rows = made(400, -2.0)
    if reason == "one class":
        rows = rows.take(np.flatnonzero(rows.y == 0))
    if reason == "few of a class":
        positive = np.flatnonzero(rows.y == 1)[:5]
        rows = rows.take(np.concatenate([np.flatnonzero(rows.y == 0), positive]))
    deadline = Deadline.after(0.0) if reason == "late" else Deadline(None)
    assert tune_threshold(rows, METRICS["f1"], seed=0, deadline=deadline) is None


def test_only_metrics_of_two_kinds_of_labels_have_one() -> None:
    tuned = {name for name in METRICS if is_tuned_for(METRICS[name], ProblemKind.BINARY)}
    assert {"f1", "accuracy", "balanced_accuracy", "mcc", "f1_macro"} <= tuned
    assert not tuned & {"roc_auc", "log_loss", "brier", "precision", "recall", "rmse"}
    assert not is_tuned_for(METRICS["accuracy"], ProblemKind.MULTICLASS)


def test_impossible_thresholds_are_refused() -> None:
    for wrong in (0.0, 1.0, -0.2, "always", True):
        with pytest.raises(UserError, match="between 0 and 1"):
            check_threshold(wrong, ProblemKind.BINARY)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="two classes"):
        check_threshold(0.4, ProblemKind.MULTICLASS)
    for right in (None, "auto"):
        check_threshold(right, ProblemKind.REGRESSION)


def test_the_error_is_that_of_whole_groups() -> None:
    few = made(300, -2.5)
    groups = np.repeat(np.arange(300), 5)
    metric = METRICS["f1"]
    grouped = tune_threshold(made_of(few, groups, groups), metric, seed=0)
    own = tune_threshold(made_of(few, groups, np.arange(1500)), metric, seed=0)
    assert own is not None
    assert own.standard_error is not None
    if grouped is not None:
        assert grouped.standard_error is not None
        assert grouped.standard_error > 1.8 * own.standard_error


@pytest.mark.parametrize("n_groups", [1, 2, 3])
def test_few_groups_are_no_obstacle(n_groups: int) -> None:
    rows = made(900, -2.0, groups=np.arange(900) % n_groups)
    found = tune_threshold(rows, METRICS["balanced_accuracy"], seed=0)
    assert (found is None) == (n_groups == 1)


def made_of(rows: OutOfFold, taken: np.ndarray, groups: np.ndarray) -> OutOfFold:
    return replace(rows.take(taken), groups=groups)
