import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.ensemble.combination import to_link
from espalier.pipelines.ensemble.losses import make_loss
from espalier.pipelines.ensemble.stagewise import choose_stages, stagewise_path
from espalier.pipelines.problem import ProblemKind


def _library(
    problem: ProblemKind, seed: int, n_candidates: int = 5, n_rows: int = 80
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return candidates in link space, the target and the number of classes."""
    rng = np.random.default_rng(seed)
    n_classes = {ProblemKind.BINARY: 2, ProblemKind.MULTICLASS: 3}.get(problem, 1)
    noise = rng.uniform(0.3, 3.0, size=n_candidates)
    if problem is ProblemKind.REGRESSION:
        y = rng.normal(5.0, 2.0, size=n_rows)
        return (
            y[None, :, None] + noise[:, None, None] * rng.normal(size=(n_candidates, n_rows, 1)),
            y,
            1,
        )
    y = rng.integers(0, n_classes, n_rows)
    seen = 2.0 * np.eye(n_classes)[y] + noise[:, None, None] * rng.normal(
        size=(n_candidates, n_rows, n_classes)
    )
    powers = np.exp(seen)
    probabilities = powers / powers.sum(axis=2, keepdims=True)
    return np.stack([to_link(part, problem, 1e-4) for part in probabilities]), y, n_classes


problems = st.sampled_from(list(ProblemKind))


@settings(max_examples=25, deadline=None)
@given(problems, st.integers(0, 10_000), st.sampled_from([0.1, 0.5, 1.0]))
def test_weights_never_fall_below_zero_and_the_loss_never_rises(
    problem: ProblemKind, seed: int, shrinkage: float
) -> None:
    candidates, y, n_classes = _library(problem, seed)
    loss = make_loss(y, problem, n_classes)
    path = stagewise_path(candidates, loss, shrinkage=shrinkage, max_stages=30)
    assert (path.weights >= 0).all()
    assert (np.diff(path.weights, axis=0) >= 0).all()
    assert (np.diff(path.losses) < 0).all()
    F = path.intercept(len(path)) + np.tensordot(path.weights[-1], candidates, axes=1)
    assert loss.value(F) == pytest.approx(path.losses[-1], rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(problems, st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(problem: ProblemKind, seed: int) -> None:
    candidates, y, n_classes = _library(problem, seed)
    order = np.random.default_rng(seed).permutation(len(y))
    plain = stagewise_path(
        candidates, make_loss(y, problem, n_classes), shrinkage=0.1, max_stages=20
    )
    mixed = stagewise_path(
        candidates[:, order], make_loss(y[order], problem, n_classes), shrinkage=0.1, max_stages=20
    )
    np.testing.assert_allclose(mixed.losses, plain.losses, rtol=1e-6)
    np.testing.assert_allclose(mixed.weights[-1], plain.weights[-1], atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(problems, st.integers(0, 10_000))
def test_a_candidate_that_comes_twice_changes_nothing(problem: ProblemKind, seed: int) -> None:
    candidates, y, n_classes = _library(problem, seed)
    loss = make_loss(y, problem, n_classes)
    twice = np.concatenate([candidates, candidates[:2]])
    plain = stagewise_path(candidates, loss, shrinkage=0.1, max_stages=20)
    doubled = stagewise_path(twice, loss, shrinkage=0.1, max_stages=20)
    np.testing.assert_allclose(doubled.losses, plain.losses, rtol=1e-9)
    merged = doubled.weights[-1][:5].copy()
    merged[:2] += doubled.weights[-1][5:]
    np.testing.assert_allclose(merged, plain.weights[-1], atol=1e-9)


def test_without_shrinkage_one_candidate_gets_its_exact_line_search() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    timid = (0.5 * y)[None, :, None]  # twice this candidate is the target itself
    timid = timid - timid.mean() + y.mean()
    loss = make_loss(y, ProblemKind.REGRESSION, 1)
    path = stagewise_path(timid, loss, shrinkage=1.0, max_stages=5)
    assert path.weights[-1] == pytest.approx([2.0], abs=1e-6)
    assert path.losses[-1] == pytest.approx(0.0, abs=1e-9)


def test_candidates_that_know_nothing_are_left_alone() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 4000)
    useless = rng.normal(size=(3, 4000, 1))
    blocks = rng.integers(0, 4, 4000)
    path = stagewise_path(
        useless, make_loss(y, ProblemKind.BINARY, 2), shrinkage=0.1, max_stages=50
    )
    assert path.weights[-1].sum() < 0.1
    stages = choose_stages(
        useless,
        lambda rows: make_loss(y[rows], ProblemKind.BINARY, 2),
        blocks,
        shrinkage=0.1,
        max_stages=50,
        n_checks=4,
    )
    assert stages <= 10


def test_a_perfect_candidate_is_followed_for_many_stages() -> None:
    y = np.random.default_rng(2).normal(size=300)
    stages = choose_stages(
        y[None, :, None],
        lambda rows: make_loss(y[rows], ProblemKind.REGRESSION, 1),
        np.arange(300) % 4,
        shrinkage=0.1,
        max_stages=60,
        n_checks=4,
    )
    assert stages > 20


@pytest.mark.parametrize("n_present", [1, 2])
def test_rows_that_lack_classes_give_a_finite_path(n_present: int) -> None:
    candidates, y, _ = _library(ProblemKind.MULTICLASS, 3)
    rows = np.flatnonzero(y < n_present)
    path = stagewise_path(
        candidates[:, rows],
        make_loss(y[rows], ProblemKind.MULTICLASS, 3),
        shrinkage=0.1,
        max_stages=20,
    )
    assert np.isfinite(path.losses).all()
    assert np.isfinite(path.weights).all()
