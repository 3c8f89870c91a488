import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from espalier.pipelines.calibration.fit_intervals import fit_intervals
from espalier.pipelines.calibration.intervals import Intervals, ResidualScale
from espalier.pipelines.ensemble.out_of_fold import OutOfFold
from espalier.pipelines.problem import ProblemKind


def made(
    n_rows: int, seed: int, kind: str = "normal", sample_weight: np.ndarray | None = None
) -> OutOfFold:
    """Return rows whose predictions are the truth without its noise."""
    rng = np.random.default_rng(seed)
    prediction = rng.uniform(1.0, 5.0, n_rows)
    spread = rng.uniform(0.1, 2.0, n_rows)
    noise = rng.normal(size=n_rows)
    if kind == "skewed":
        noise = rng.exponential(size=n_rows) - 1.0
    if kind == "by prediction":
        noise *= prediction**2
    if kind == "by spread":
        noise *= spread**2
    if kind == "discrete":
        noise = np.round(noise)
    return OutOfFold(
        predictions=prediction,
        spread=spread,
        y=prediction + noise,
        sample_weight=sample_weight,
        groups=None,
        problem=ProblemKind.REGRESSION,
        n_classes=1,
    )


KINDS = ["normal", "skewed", "by prediction", "by spread", "discrete"]


@pytest.mark.parametrize("kind", KINDS[:-1])  # whole numbers cannot be covered exactly
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_new_rows_are_covered_as_asked(kind: str, coverage: float) -> None:
    shares = []
    for seed in range(8):
        fit = fit_intervals(made(300, seed, kind), seed=seed)
        assert fit is not None
        new = made(500, 1000 + seed, kind)
        lower, upper = fit.intervals.bounds(new.predictions, new.spread, coverage)
        shares.append(np.mean((lower <= new.y) & (new.y <= upper)))
    # Each share varies with its 300 residuals and its 500 rows.
    error = np.sqrt(coverage * (1 - coverage) * (1 / 300 + 1 / 500) / len(shares))
    assert np.mean(shares) > coverage - 4 * error
    assert np.mean(shares) < coverage + 4 * error + 2 / 300


@settings(max_examples=15, deadline=None)
@given(
    st.integers(10, 400),
    st.integers(0, 10_000),
    st.sampled_from(KINDS),
    st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    st.booleans(),
)
def test_bounds_hold_the_prediction_and_widen_with_the_coverage(
    n_rows: int, seed: int, kind: str, coverages: tuple[float, float], weighted: bool
) -> None:
    weight = np.random.default_rng(seed).uniform(0.1, 3.0, n_rows) if weighted else None
    fit = fit_intervals(made(n_rows, seed, kind, weight), seed=seed)
    assert fit is not None
    new = made(50, seed + 1, kind)
    narrow, wide = (
        fit.intervals.bounds(new.predictions, new.spread, each) for each in sorted(coverages)
    )
    assert (wide[0] <= narrow[0]).all()
    assert (narrow[0] <= new.predictions).all()
    assert (new.predictions <= narrow[1]).all()
    assert (narrow[1] <= wide[1]).all()


def test_bounds_are_the_order_statistics_of_split_conformal_prediction() -> None:
    residuals = np.arange(-9.0, 10.0)  # 19 of them
    intervals = Intervals(residuals, None, ResidualScale("constant", np.zeros(1), np.ones(1)))
    zero = np.zeros(1)
    lower, upper = intervals.bounds(zero, zero, 0.9)  # the 19th of 19 on either side
    assert (lower[0], upper[0]) == (-9.0, 9.0)
    lower, upper = intervals.bounds(zero, zero, 0.8)
    assert (lower[0], upper[0]) == (-8.0, 8.0)
    lower, upper = intervals.bounds(zero, zero, 0.95)  # nineteen residuals cannot tell
    assert (lower[0], upper[0]) == (-np.inf, np.inf)
    equal = Intervals(residuals, np.ones(19), intervals.scale)
    assert equal.bounds(zero, zero, 0.8)[1][0] == 8.0
    with pytest.raises(ValueError, match="coverage"):
        intervals.bounds(zero, zero, 1.0)


@pytest.mark.parametrize(
    ("kind", "by"), [("by prediction", "prediction"), ("by spread", "spread"), ("normal", None)]
)
def test_the_width_follows_what_tells_the_noise(kind: str, by: str | None) -> None:
    fit = fit_intervals(made(3000, 0, kind), seed=0)
    assert fit is not None
    if by is not None:
        assert fit.intervals.scale.by == by
    assert fit.coverage == pytest.approx(0.9, abs=0.02)
    constant = ResidualScale("constant", np.zeros(1), np.ones(1))
    rows = made(3000, 0, kind)
    plain = Intervals(np.sort(rows.y - rows.predictions), None, constant)
    new = made(3000, 1, kind)
    widths = [
        np.mean(np.subtract(*each.bounds(new.predictions, new.spread, 0.9)[::-1]))
        for each in (fit.intervals, plain)
    ]
    assert widths[0] < (0.9 if by is not None else 1.02) * widths[1]


def test_skewed_noise_gets_lopsided_bounds() -> None:
    fit = fit_intervals(made(2000, 0, "skewed"), seed=0)
    assert fit is not None
    lower, upper = fit.intervals.bounds(np.array([3.0]), np.array([1.0]), 0.9)
    assert upper[0] - 3.0 > 1.8 * (3.0 - lower[0])


def test_weights_count_as_rows() -> None:
    rng = np.random.default_rng(0)
    residuals = np.sort(rng.normal(size=400))
    scale = ResidualScale("constant", np.zeros(1), np.ones(1))
    doubled = Intervals(np.repeat(residuals, 2), None, scale)
    weighted = Intervals(residuals, np.ones(400), scale)
    zero = np.zeros(1)
    for one, other in zip(
        doubled.bounds(zero, zero, 0.8), weighted.bounds(zero, zero, 0.8), strict=True
    ):
        assert one[0] == pytest.approx(other[0], abs=0.03)


def test_perfect_predictions_and_few_rows_are_no_obstacle() -> None:
    rows = made(60, 0)
    perfect = rows.with_predictions(np.asarray(rows.y))
    fit = fit_intervals(perfect, seed=0)
    assert fit is not None
    assert fit.coverage == pytest.approx(1.0)
    assert fit.mean_width == 0.0
    assert fit_intervals(made(9, 0), seed=0) is None


def test_they_survive_pickling_and_are_the_same_again() -> None:
    one, other = (fit_intervals(made(300, 0), seed=0) for _ in range(2))
    assert one is not None
    assert other is not None
    again = pickle.loads(pickle.dumps(one.intervals))
    x, s = np.linspace(0, 6, 20), np.linspace(0, 3, 20)
    for made_ in (again, other.intervals):
        np.testing.assert_array_equal(one.intervals.bounds(x, s, 0.8), made_.bounds(x, s, 0.8))


def test_few_groups_are_no_obstacle_and_one_has_no_intervals() -> None:
    for n_groups in (2, 3):
        rows = replace(made(200, 0), groups=np.arange(200) % n_groups)
        assert fit_intervals(rows, seed=0) is not None
    assert fit_intervals(replace(made(200, 0), groups=np.zeros(200)), seed=0) is None


@pytest.mark.parametrize("n_rows", [60, 200])
def test_the_best_of_many_models_still_covers_what_is_asked(n_rows: int) -> None:
    scale, zero = ResidualScale("constant", np.zeros(1), np.ones(1)), np.zeros(1)
    rng = np.random.default_rng(0)
    plain, made_up_for = [], []
    for _ in range(200):
        shared, own = rng.normal(size=n_rows), rng.normal(size=(100, n_rows))
        residuals = np.sqrt(0.85) * shared + np.sqrt(0.15) * own  # of a hundred equal models
        best = np.sort(residuals[np.argmin((residuals**2).mean(axis=1))])
        for shares, effective in ((plain, None), (made_up_for, float(n_rows))):
            lower, upper = Intervals(best, None, scale, effective).bounds(zero, zero, 0.9)
            shares.append(ndtr(upper[0]) - ndtr(lower[0]))
    assert np.mean(plain) < 0.885
    assert 0.89 < np.mean(made_up_for) < 0.92


def test_residuals_of_groups_count_as_fewer() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 20)
    shifted = made(400, 0)
    shifted = replace(shifted, groups=groups, y=shifted.y + 4.0 * rng.normal(size=20)[groups])
    fit, alone = (fit_intervals(rows, seed=0) for rows in (shifted, made(400, 0)))
    assert fit is not None
    assert alone is not None
    assert alone.intervals.effective == pytest.approx(400)
    assert fit.intervals.effective is not None
    assert 20 <= fit.intervals.effective < 120


def test_making_up_for_luck_never_makes_bounds_infinite() -> None:
    residuals, scale = np.arange(-9.0, 10.0), ResidualScale("constant", np.zeros(1), np.ones(1))
    zero = np.zeros(1)
    lower, upper = Intervals(residuals, None, scale, 19.0).bounds(zero, zero, 0.9)
    assert (lower[0], upper[0]) == (-9.0, 9.0)
    lower, upper = Intervals(residuals, np.ones(19), scale, 19.0).bounds(zero, zero, 0.8)
    assert upper[0] > 8.0
