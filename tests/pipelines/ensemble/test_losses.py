import numpy as np
import pytest

from espalier.pipelines.ensemble.losses import Loss, make_loss
from espalier.pipelines.problem import ProblemKind


def _made(problem: ProblemKind, *, weighted: bool) -> tuple[Loss, np.ndarray]:
    rng = np.random.default_rng(0)
    weight = rng.uniform(0.1, 3.0, size=50) if weighted else None
    if problem is ProblemKind.REGRESSION:
        return make_loss(rng.normal(3.0, 5.0, 50), problem, 1, weight), rng.normal(size=(50, 1))
    n_classes = 2 if problem is ProblemKind.BINARY else 4
    width = 1 if n_classes == 2 else n_classes
    F = rng.normal(size=(50, width))
    if width > 1:
        F -= F.mean(axis=1, keepdims=True)
    return make_loss(rng.integers(0, n_classes, 50), problem, n_classes, weight), F


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("problem", list(ProblemKind))
def test_residual_and_curvature_are_the_derivatives(problem: ProblemKind, weighted: bool) -> None:
    loss, F = _made(problem, weighted=weighted)
    direction = np.random.default_rng(1).normal(size=F.shape)
    if F.shape[1] > 1:
        direction -= direction.mean(axis=1, keepdims=True)
    h = 1e-4
    ahead, here, back = (loss.value(F + s * h * direction) for s in (1, 0, -1))
    slopes, curvatures = loss.along(F, np.stack([direction, 2 * direction]))
    assert slopes[1] == pytest.approx(2 * slopes[0])
    assert curvatures[1] == pytest.approx(4 * curvatures[0])
    slope, curvature = float(slopes[0]), float(curvatures[0])
    assert slope == pytest.approx(-(ahead - back) / (2 * h), rel=1e-4)
    assert slope == pytest.approx(float(np.vdot(loss.residual(F), direction)), rel=1e-9)
    assert curvature == pytest.approx((ahead - 2 * here + back) / h**2, rel=1e-3)


@pytest.mark.parametrize("problem", list(ProblemKind))
def test_no_constant_is_better_than_the_start(problem: ProblemKind) -> None:
    loss, F = _made(problem, weighted=True)
    start = np.tile(loss.start(), (len(F), 1))
    rng = np.random.default_rng(2)
    # The smoothing of rare classes costs a little of the optimum.
    for _ in range(20):
        shift = 0.5 * rng.normal(size=F.shape[1])
        assert loss.value(start) <= loss.value(start + shift) + 1e-4


def test_a_class_without_rows_has_a_finite_start() -> None:
    loss = make_loss(np.zeros(10, dtype=int), ProblemKind.MULTICLASS, 3)
    assert np.isfinite(loss.start()).all()
    assert np.isfinite(loss.value(np.tile(loss.start(), (10, 1))))


def test_weights_that_are_all_zero_count_all_rows() -> None:
    y = np.array([1.0, 3.0])
    loss = make_loss(y, ProblemKind.REGRESSION, 1, np.zeros(2))
    assert loss.start() == pytest.approx([2.0])


def test_squared_error_does_not_depend_on_the_unit() -> None:
    y, F = np.array([1.0, 2.0, 4.0]), np.array([[1.0], [1.0], [3.0]])
    metres = make_loss(y, ProblemKind.REGRESSION, 1)
    millimetres = make_loss(1000 * y, ProblemKind.REGRESSION, 1)
    assert metres.value(F) == pytest.approx(millimetres.value(1000 * F))
