import numpy as np
import pytest

from espalier.pipelines.acquisition.ascent import ascend, polish
from espalier.pipelines.acquisition.functions import log_expected_improvement
from espalier.pipelines.acquisition.gradients import log_below_slopes, log_improvement_slopes
from espalier.pipelines.acquisition.guide import Proposal, propose_by_gradient
from espalier.pipelines.acquisition.objective import Limit, Objective
from espalier.pipelines.acquisition.relaxation import FamilySubspace
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    shape = DatasetShape(
        problem=ProblemKind.BINARY,
        n_rows=500,
        n_columns=12,
        n_categorical=4,
        n_classes=2,
        smallest_class=200,
        has_missing=True,
    )
    names = ["lightgbm", "linear", "svm", "mlp"]
    return SearchSpace(choose_learners(names, shape), shape)


def truth(X: np.ndarray) -> np.ndarray:
    """A made score: families differ, and every hyperparameter has a best place."""
    active = X[:, 4:] >= 0
    best = 0.2 + 0.6 * np.modf(np.arange(X.shape[1] - 4) * 0.618)[0]
    return X[:, :4] @ [0.0, -0.5, -1.0, 0.3] - (active * (X[:, 4:] - best) ** 2).sum(axis=1)


@pytest.fixture(scope="module")
def predictor(space: SearchSpace) -> GaussianProcess:
    X = space.encode(space.sample(50, np.random.default_rng(0)))
    y = truth(X)
    return GaussianProcess(Embedding(space.coordinates)).fit(X, (y - y.mean()) / y.std())


def numeric_gradient(function, x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    return (function(x + step) - function(x - step)) / (2 * step)


@pytest.mark.parametrize("z", [-60.0, -8.0, -1.01, -0.5, 0.0, 3.0])
def test_slopes_of_log_improvement(z: float) -> None:
    mean, std = np.array([z * 0.7]), np.array([0.7])
    value, by_mean, by_std = log_improvement_slopes(mean, std, 0.0)
    assert value == pytest.approx(log_expected_improvement(mean, std, 0.0))
    expected = numeric_gradient(lambda m: log_expected_improvement(m, std, 0.0), mean)
    assert by_mean == pytest.approx(expected, rel=1e-4)
    expected = numeric_gradient(lambda s: log_expected_improvement(mean, s, 0.0), std)
    assert by_std == pytest.approx(expected, rel=1e-4)


def test_slopes_of_the_chance_to_stay_below() -> None:
    mean, std = np.array([-1.0, 0.5, 9.0]), np.array([0.3, 1.0, 0.5])
    value, by_mean, by_std = log_below_slopes(mean, std, 1.0)
    assert (value <= 0).all()
    expected = numeric_gradient(lambda m: log_below_slopes(m, std, 1.0)[0], mean)
    np.testing.assert_allclose(by_mean, expected, rtol=1e-4, atol=1e-9)
    expected = numeric_gradient(lambda s: log_below_slopes(mean, s, 1.0)[0], std)
    np.testing.assert_allclose(by_std, expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("beta", [None, 1.5])
def test_the_gradient_of_an_objective_with_cost_and_limit(
    space: SearchSpace, predictor: GaussianProcess, beta: float | None
) -> None:
    objective = Objective(
        predictor=predictor,
        best=1.0,
        beta=beta,
        log_seconds=predictor,
        cost_weight=0.5,
        limits=(Limit(predictor, 0.8),),
    )
    X = space.encode(space.sample(5, np.random.default_rng(3)))
    X = np.where(X >= 0, 0.1 + 0.8 * X, X)
    value, gradient = objective.value_and_gradient(X)
    np.testing.assert_allclose(value, objective.value(X))
    direction = np.where(X >= 0, np.random.default_rng(4).normal(size=X.shape), 0.0)
    step = 1e-5
    moved = objective.value(X + step * direction) - objective.value(X - step * direction)
    np.testing.assert_allclose((gradient * direction).sum(axis=1), moved / (2 * step), rtol=1e-4)


def test_a_branch_takes_points_apart_and_puts_them_together(space: SearchSpace) -> None:
    for family in space.families:
        branch = FamilySubspace(space, family)
        X = space.encode(space.sample_family(family, 20, np.random.default_rng(5)))
        np.testing.assert_allclose(branch.assemble(*branch.disassemble(X)), X)


def test_a_branch_draws_points_that_exist(space: SearchSpace) -> None:
    for family in space.families:
        drawn = FamilySubspace(space, family).sample(50, np.random.default_rng(6))
        back = space.encode([space.decode(point) for point in drawn])
        np.testing.assert_allclose(back, drawn, atol=1e-3)


def test_neighbours_differ_in_one_hyperparameter(space: SearchSpace) -> None:
    branch = FamilySubspace(space, "lightgbm")
    u, c = branch.disassemble(space.encode([space.default("lightgbm")]))
    near_u, near_c = branch.around(u[0], c[0])
    base = branch.rounded(u)
    changed = (~np.isclose(near_u, base)).sum(axis=1) + (near_c != c).sum(axis=1)
    assert (changed <= 1).all()
    assert (changed == 1).mean() > 0.9


def test_ascent_climbs(space: SearchSpace, predictor: GaussianProcess) -> None:
    objective = Objective(predictor=predictor, best=1.0)
    branches = [FamilySubspace(space, family) for family in space.families]
    rng = np.random.default_rng(7)
    starts = np.vstack([branch.sample(2, rng) for branch in branches])
    found = ascend(objective, branches, starts, steps=20, rng=rng)
    assert found.values.max() > objective.value(starts).max() + 0.1
    higher = polish(objective, branches, found, climbers=2, rounds=3)
    assert higher.values[0] >= found.values[0]
    np.testing.assert_allclose(higher.values, objective.value(higher.points))


def test_a_batch_is_new_apart_and_repeatable(
    space: SearchSpace, predictor: GaussianProcess
) -> None:
    tried = space.sample(50, np.random.default_rng(0))
    pending = space.sample(2, np.random.default_rng(1))
    objective = Objective(predictor=predictor, best=1.0)

    def batch() -> list:
        return propose_by_gradient(
            space,
            objective,
            predictor,
            tried=tried,
            incumbents=tried[:3],
            pending=pending,
            n=4,
            rng=np.random.default_rng(8),
        )

    picks = batch()
    assert picks == batch()
    chosen = [pick.configuration for pick in picks]
    assert len(set(chosen)) == 4
    assert not set(chosen) & {*tried, *pending}
    assert sum(pick.by_ascent for pick in picks) >= 3
    assert all(pick.value > pick.random_value for pick in picks if pick.by_ascent)


def test_a_batch_keeps_to_the_families_allowed(
    space: SearchSpace, predictor: GaussianProcess
) -> None:
    picks = propose_by_gradient(
        space,
        Objective(predictor=predictor, best=1.0),
        predictor,
        tried=[],
        incumbents=[],
        families=["svm"],
        n=2,
        rng=np.random.default_rng(9),
        with_ascent=False,
    )
    assert [pick.configuration.family for pick in picks] == ["svm", "svm"]
    assert not any(pick.by_ascent for pick in picks)


def test_a_proposal_says_whether_a_barred_family_would_have_been_better(
    space: SearchSpace,
) -> None:
    X = space.encode(space.sample(50, np.random.default_rng(0)))
    y = truth(X) + 3.0 * X[:, space.families.index("svm")]  # better by far
    predictor = GaussianProcess(Embedding(space.coordinates)).fit(X, (y - y.mean()) / y.std())

    def picks(families: list[str] | None, n: int = 1) -> list[Proposal]:
        return propose_by_gradient(
            space, Objective(predictor=predictor, best=1.0), predictor, tried=[], incumbents=[],
            families=families, n=n, rng=np.random.default_rng(9), max_per_family=max(1, n // 2),
        )  # fmt: skip

    [best] = picks(None)
    assert best.is_free
    [same] = picks([best.configuration.family])
    assert same.is_free
    others = [each for each in space.families if each != best.configuration.family]
    [worse] = picks(others)
    assert not worse.is_free
    assert max(worse.value, worse.random_value) < max(best.value, best.random_value)
    # In a batch the best family is barred once it has its share.
    first, *_, last = picks(None, n=4)
    assert first.is_free
    assert last.configuration.family != first.configuration.family
    assert not last.is_free
