from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.calibration.calibrate import choose_calibrator
from espalier.pipelines.calibration.calibrator_fits import calibration_methods
from espalier.pipelines.calibration.reliability import measure_reliability
from espalier.pipelines.ensemble.out_of_fold import OutOfFold
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline


def made(n_rows: int, n_classes: int, boldness: float, seed: int = 0) -> OutOfFold:
    """Return rows whose probabilities are right when ``boldness`` is 1."""
    rng = np.random.default_rng(seed)
    powers = np.exp(2.0 * rng.normal(size=(n_rows, n_classes)))
    true = powers / powers.sum(axis=1, keepdims=True)
    drawn = rng.random(n_rows)[:, None] > true.cumsum(axis=1)
    told = true**boldness
    return OutOfFold(
        predictions=told / told.sum(axis=1, keepdims=True),
        spread=np.zeros(n_rows),
        y=drawn.sum(axis=1).clip(max=n_classes - 1),
        sample_weight=None,
        groups=None,
        problem=ProblemKind.BINARY if n_classes == 2 else ProblemKind.MULTICLASS,
        n_classes=n_classes,
    )


@pytest.mark.parametrize(("n_classes", "name"), [(2, "platt"), (4, "temperature")])
def test_bold_probabilities_are_corrected_by_the_simplest_method(n_classes: int, name: str) -> None:
    done = choose_calibrator(made(2000, n_classes, 2.0), METRICS["log_loss"], seed=0)
    assert done.calibrator is not None
    assert done.calibrator.name == name
    new = made(20_000, n_classes, 2.0, seed=1)
    before = measure_reliability(new.predictions, new.y)
    after = measure_reliability(done.calibrator.apply(new.predictions), new.y)
    assert after.log_loss < before.log_loss - 0.05
    assert after.brier < before.brier
    assert after.calibration_error < before.calibration_error / 3
    # What was measured on left-out rows is what new rows show.
    assert done.after.log_loss == pytest.approx(after.log_loss, abs=0.05)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_right_probabilities_are_left_alone(n_classes: int) -> None:
    corrected = [
        choose_calibrator(
            made(1500, n_classes, 1.0, seed), METRICS["log_loss"], seed=seed
        ).calibrator
        for seed in range(6)
    ]
    assert sum(each is not None for each in corrected) <= 2
    new = made(20_000, n_classes, 1.0, seed=99)
    loss = measure_reliability(new.predictions, new.y).log_loss
    for each in corrected:
        if each is not None:  # then it does next to no harm
            assert measure_reliability(each.apply(new.predictions), new.y).log_loss < loss + 0.003


def test_a_bent_curve_needs_more_than_a_slope() -> None:
    rows = made(6000, 2, 1.0)
    positive = rows.predictions[:, 1]
    bent = np.where(positive > 0.5, 0.5 + (positive - 0.5) * 0.2, positive)
    done = choose_calibrator(
        rows.with_predictions(np.column_stack([1 - bent, bent])), METRICS["log_loss"], seed=0
    )
    assert done.calibrator is not None
    assert done.calibrator.name == "isotonic"
    assert done.after.calibration_error < 0.03


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "average_precision"])
def test_the_metric_never_pays_for_calibration(metric: str) -> None:
    rows = made(3000, 2, 2.0)
    done = choose_calibrator(rows, METRICS[metric], seed=0)
    assert done.calibrator is not None
    scored = [METRICS[metric].function, rows.y]
    new = done.calibrator.apply(rows.predictions)
    if metric == "accuracy":
        before, after = rows.predictions.argmax(1), new.argmax(1)
    else:
        before, after = rows.predictions, new
    assert scored[0](scored[1], after, None) >= scored[0](scored[1], before, None) - 0.005


@pytest.mark.parametrize("reason", ["few rows", "rare class", "one class", "late"])
def test_nothing_is_corrected_where_nothing_can_be_proven(reason: str) -> None:
    rows = made(80 if reason == "few rows" else 400, 2, 3.0)
    deadline = Deadline.after(0.0) if reason == "late" else Deadline(None)
    if reason == "rare class":
        positive = np.flatnonzero(rows.y == 1)
        rows = rows.take(np.concatenate([np.flatnonzero(rows.y == 0), positive[:5]]))
    if reason == "one class":
        rows = rows.take(np.flatnonzero(rows.y == 0))
    done = choose_calibrator(rows, METRICS["log_loss"], seed=0, deadline=deadline)
    assert done.calibrator is None
    assert done.after == done.before
    assert np.isfinite(done.before.log_loss)


def test_classes_that_no_row_has_are_no_obstacle() -> None:
    rows = made(1200, 4, 2.0)
    rows = rows.take(np.flatnonzero(rows.y != 2))
    done = choose_calibrator(rows, METRICS["log_loss"], seed=0)
    assert done.calibrator is not None
    assert np.isfinite(done.calibrator.apply(rows.predictions)).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 5.0), st.sampled_from([2, 3]))
def test_calibrated_rows_are_probabilities_and_two_classes_keep_their_order(
    seed: int, boldness: float, n_classes: int
) -> None:
    rows = made(900, n_classes, boldness, seed)
    weight = np.full(len(rows), 1.0 / len(rows))
    ends = np.eye(n_classes)
    for method in calibration_methods(rows.y, n_classes):
        fitted = method.fit(rows.predictions, rows.y, weight)
        assert fitted.name == method.name
        new = fitted.apply(np.concatenate([rows.predictions, ends]))
        assert np.isfinite(new).all()
        assert (new >= 0).all()
        np.testing.assert_allclose(new.sum(axis=1), 1.0)
        if n_classes == 2:
            order = np.argsort(rows.predictions[:, 1])
            # Probabilities far below any that rows can tell from zero are as good as equal.
            assert (np.diff(new[: len(rows)][order, 1]) >= -1e-9).all()


def test_the_same_rows_in_another_order_give_the_same_calibrator() -> None:
    rows = made(900, 2, 2.0)
    weight = np.full(len(rows), 1.0 / len(rows))
    order = np.random.default_rng(0).permutation(len(rows))
    mixed = rows.take(order)
    for method in calibration_methods(rows.y, 2):
        one = method.fit(rows.predictions, rows.y, weight).apply(rows.predictions)
        other = method.fit(mixed.predictions, mixed.y, weight).apply(rows.predictions)
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_weights_count_as_rows() -> None:
    rows: Any = made(600, 2, 2.0)
    heavy = np.arange(600) % 3 == 0
    twice = np.concatenate([np.arange(600), np.flatnonzero(heavy)])
    weighted = measure_reliability(rows.predictions, rows.y, 1.0 + heavy)
    doubled = measure_reliability(rows.predictions[twice], rows.y[twice])
    assert weighted.log_loss == pytest.approx(doubled.log_loss)
    assert weighted.brier == pytest.approx(doubled.brier)


def test_equal_rows_of_a_group_count_once() -> None:
    few = made(60, 2, 1.0)
    groups = np.repeat(np.arange(60), 20)
    rows = replace(few.take(groups), groups=groups)
    grouped = choose_calibrator(rows, METRICS["log_loss"], seed=0)
    alone = choose_calibrator(replace(rows, groups=None), METRICS["log_loss"], seed=0)
    for one, other in zip(grouped.tried, alone.tried, strict=True):
        # Twenty copies tell as much as one: the error is sqrt(20) times that of 1,200 rows, but
        # rows that are in their own fit fall in a different way.
        assert one.standard_error > 2.5 * other.standard_error
    assert grouped.calibrator is None


def test_rows_of_one_group_calibrate_nothing() -> None:
    rows = replace(made(200, 2, 2.0), groups=np.zeros(200, dtype=int))
    assert choose_calibrator(rows, METRICS["log_loss"], seed=0).calibrator is None
    two = replace(rows, groups=np.arange(200) % 2)
    assert len(choose_calibrator(two, METRICS["log_loss"], seed=0).tried) > 0
