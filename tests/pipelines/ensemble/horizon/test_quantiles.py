"""Quantiles of forecasts cover what they say, whatever the step and the series."""

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from espalier.pipelines.ensemble.horizon.quantiles import fit_quantiles

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)


def _residuals(series: int, origins: int, steps: int, seed: int) -> np.ndarray:
    """Return residuals that grow with the step and differ by series, of heavy tails."""
    rng = np.random.default_rng(seed)
    own = np.linspace(0.5, 2.0, series)[None, :, None]
    return rng.standard_t(4, size=(origins, series, steps)) * own * np.sqrt(np.arange(1, steps + 1))


@pytest.mark.parametrize("series", [1, 5, 200])
def test_the_interval_covers_what_it_says(series: int) -> None:
    covered = []
    for seed in range(8):
        residuals = _residuals(series, 10, 6, seed)
        model = fit_quantiles(residuals[:5], LEVELS)
        zeros, ones = np.zeros((series, 6)), np.ones(series)
        made = model.quantiles(zeros, ones, model.factors)
        later = residuals[5:]
        covered.append(((later >= made[..., 0]) & (later <= made[..., -1])).mean())
    assert np.mean(covered) == pytest.approx(0.8, abs=0.06)


def test_quantiles_do_not_cross_and_widen_with_the_step() -> None:
    model = fit_quantiles(_residuals(50, 3, 9, 0), LEVELS)
    made = model.quantiles(np.zeros((50, 9)), np.ones(50), model.factors)
    assert (np.diff(made, axis=2) >= 0).all()
    width = (made[..., -1] - made[..., 0]).mean(axis=0)
    assert width[-1] > 2 * width[0]


def test_a_series_that_is_missed_by_more_has_wider_quantiles() -> None:
    model = fit_quantiles(_residuals(40, 6, 6, 0), LEVELS)
    assert np.corrcoef(model.factors, np.linspace(0.5, 2.0, 40))[0, 1] > 0.6
    assert model.factors.max() < 2.0  # shrunk to the others


@pytest.mark.parametrize("shape", [(0, 3, 4), (1, 1, 2)])
def test_hardly_any_residual_gives_wide_quantiles(shape: tuple[int, int, int]) -> None:
    model = fit_quantiles(np.full(shape, 0.2), LEVELS)
    n = shape[1]
    made = model.quantiles(np.zeros((n, shape[2])), np.ones(n), model.factors)
    assert (made[..., 0] < -0.2).all()
    assert (made[..., -1] > 0.2).all()
    np.testing.assert_allclose(made[..., 2], 0.0)


def test_what_is_unknown_is_left_out() -> None:
    residuals = _residuals(30, 3, 5, 0)
    residuals[0, :10] = np.nan
    model = fit_quantiles(residuals, LEVELS)
    assert np.isfinite(model.spread).all()
    assert np.isfinite(model.factors).all()


def _missed(kind: str, rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return residuals that are alike in some way, (origins, series, steps)."""
    one = rng.normal(size=shape)
    if kind == "of a random walk":
        return one.cumsum(axis=2)
    if kind == "of a wrong level":
        return one + 1.5 * rng.normal(size=(*shape[:2], 1))
    if kind == "of a common shock":
        return one + rng.normal(size=(shape[0], 1, 1))
    return one


@pytest.mark.parametrize("shape", [(1, 1, 12), (3, 1, 12), (6, 1, 30), (6, 8, 12), (3, 60, 8)])
@pytest.mark.parametrize(
    "kind", ["independent", "of a random walk", "of a wrong level", "of a common shock"]
)
def test_residuals_that_are_alike_are_worth_fewer(kind: str, shape: tuple[int, int, int]) -> None:
    covered = []
    for seed in range(120 if shape[1] == 1 else 24):
        rng = np.random.default_rng(seed)
        model = fit_quantiles(_missed(kind, rng, shape), LEVELS)
        made = model.quantiles(np.zeros(shape[1:]), np.ones(shape[1]), model.factors)
        later = _missed(kind, rng, (8, *shape[1:]))
        covered.append(((later >= made[..., 0]) & (later <= made[..., -1])).mean())
    assert np.mean(covered) == pytest.approx(0.8, abs=0.06)


def test_where_errors_shrink_with_time_the_newest_tell_their_size() -> None:
    rng = np.random.default_rng(0)
    size = np.array([1.0, 2.0, 4.0])[:, None, None]  # the newest origin comes first
    model = fit_quantiles(size * rng.normal(size=(3, 300, 8)), LEVELS)
    made = model.quantiles(np.zeros((300, 8)), np.ones(300), model.factors)
    later = rng.normal(size=(300, 8))
    # All origins alike would give 0.98.
    assert 0.8 < ((later >= made[..., 0]) & (later <= made[..., -1])).mean() < 0.94


def test_an_origin_is_sized_by_the_others() -> None:
    sign = np.where(np.arange(12) % 2, 1.0, -1.0)
    residuals = np.stack([size * sign[None, :] for size in (1.0, 1.0, 4.0)])
    model = fit_quantiles(residuals, (0.1, 0.5, 0.9))
    made = model.quantiles(np.zeros((1, 12)), np.ones(1), model.factors)
    # The bad origin is four times what the other two say, not twice what all three say.
    outer = float(np.quantile([1.0, -1.0, 4.0, -4.0], 0.9))
    assert (made[0, :, 2] >= outer * model.spread).all()


@pytest.mark.parametrize("origins", [6, 12])
def test_one_series_tells_about_one_thing_an_origin(origins: int) -> None:
    # However independent its steps look, the next origin may be another sort of time.
    widths = []
    for seed in range(40):
        residuals = np.random.default_rng(seed).normal(size=(origins, 1, 30))
        model = fit_quantiles(residuals, (0.1, 0.5, 0.9))
        made = model.quantiles(np.zeros((1, 30)), np.ones(1), model.factors)
        widths.append((made[..., 2] - made[..., 0]).mean() / (2 * ndtri(0.9)))
    assert np.mean(widths) > 0.98 * stdtrit(origins + 2, 0.9) / ndtri(0.9)
