import numpy as np
import pytest

from espalier.pipelines.ensemble.losses import make_loss
from espalier.pipelines.ensemble.stacking import fit_stack
from espalier.pipelines.problem import ProblemKind


def _regression(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.normal(100.0, 20.0, size=400)
    good = y + rng.normal(0, 5.0, 400)
    biased = 0.5 * y + rng.normal(0, 5.0, 400)
    useless = rng.normal(100.0, 20.0, 400)
    return np.stack([good, biased, useless])[:, :, None], y


def test_a_weak_penalty_finds_least_squares() -> None:
    candidates, y = _regression()
    weights, intercept = fit_stack(
        candidates, make_loss(y, ProblemKind.REGRESSION, 1), penalty=1e-9
    )
    design = np.column_stack([candidates[:, :, 0].T, np.ones(len(y))])
    exact = np.linalg.lstsq(design, y, rcond=None)[0]
    # The useless candidate's exact weight may be below zero, where ours stops.
    np.testing.assert_allclose(weights[:2], exact[:2], atol=0.03)
    assert weights[2] == pytest.approx(max(exact[2], 0.0), abs=0.03)
    F = intercept + np.tensordot(weights, candidates, axes=1)
    assert np.mean((F[:, 0] - y) ** 2) < np.mean((candidates[0, :, 0] - y) ** 2)


def test_a_strong_penalty_gives_the_mean() -> None:
    candidates, y = _regression()
    weights, _ = fit_stack(candidates, make_loss(y, ProblemKind.REGRESSION, 1), penalty=1e4)
    np.testing.assert_allclose(weights, 1 / 3, atol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_weights_are_not_negative(n_classes: int) -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, n_classes, 300)
    width = 1 if n_classes == 2 else n_classes
    truth = np.eye(n_classes)[y][:, -width:]
    wrong = -3.0 * truth + rng.normal(size=(300, width))
    right = 3.0 * truth + rng.normal(size=(300, width))
    problem = ProblemKind.BINARY if n_classes == 2 else ProblemKind.MULTICLASS
    weights, intercept = fit_stack(
        np.stack([wrong, right]), make_loss(y, problem, n_classes), penalty=1e-3
    )
    assert (weights >= 0).all()
    assert weights[0] == pytest.approx(0.0, abs=1e-6)
    assert weights[1] > 0.3
    assert intercept.shape == (width,)
