"""Seasonal patterns are found, taken out and put in again."""

import numpy as np
import pytest

from espalier.pipelines.forecasting.blocks import blocks_of
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.forecasting.seasonal import is_seasonal, seasonal_pattern

STEPS = np.arange(84)
WAVE = np.sin(2 * np.pi * STEPS / 12)


def _block(*series: np.ndarray) -> object:
    (block,) = blocks_of(Panel.of(list(series), season=12), longest=1000, per_series=1)
    return block


def test_only_seasonal_series_have_a_season() -> None:
    noise = np.random.default_rng(0).normal(size=84)
    block = _block(50 + 10 * WAVE + noise, 5.0 * STEPS + noise, noise, (10 * WAVE)[:20])
    assert is_seasonal(block).tolist() == [True, False, False, False]


@pytest.mark.parametrize("m", [4, 7, 12])
def test_odd_and_even_seasons_are_taken_out(m: int) -> None:
    y = 100 + STEPS + 10 * np.sin(2 * np.pi * STEPS / m)
    (block,) = blocks_of(Panel.of([y], season=m), longest=1000, per_series=1)
    for kind in ("added", "multiplied"):
        plain = seasonal_pattern(block, kind).take_out(block)
        left = np.abs(plain.values[0] - (100 + STEPS)).mean()
        assert left < (0.5 if kind == "added" else 2.0)


def test_what_is_taken_out_is_put_in_again() -> None:
    block = _block(50 + 10 * WAVE, 10 * WAVE)
    pattern = seasonal_pattern(block, "multiplied")
    assert pattern.multiplied.tolist() == [True, False]  # the second is negative at times
    plain = pattern.take_out(block)
    ahead = pattern.put_in(np.repeat(plain.last(1), 12, axis=1), block)
    np.testing.assert_allclose(ahead[0], block.values[0, :12], rtol=0.02)
    np.testing.assert_allclose(ahead[1], block.values[1, :12], atol=0.5)


def test_a_recent_pattern_follows_a_change() -> None:
    y = np.where(STEPS < 48, WAVE, -WAVE) * 10 + 50
    block = _block(y)
    old, recent = (
        seasonal_pattern(block, "added", tested=False, recent=each).values[0] for each in (None, 2)
    )
    truth = -10 * WAVE[:12]
    assert np.abs(recent - truth).mean() < 0.3 * np.abs(old - truth).mean()
