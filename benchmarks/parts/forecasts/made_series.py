"""Series that are made, to record experience of forecasts on (docs/decisions/0119).

    python benchmarks/parts/forecasts/made_series.py FOLDER [--seed 0]

Writes a folder of tables with an ``index.csv``, as `espalier experience build` reads it. Each set
is a draw from one kind of process (growth with a season, random walks, sales with campaigns,
intermittent demand, two seasons at once...), so nobody's data is in what is learned from them, and
every real set is one that experience has not seen.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A kind of process, of which a set of series is drawn.

    Attributes
    ----------
    name : str
        Name of the set.
    freq : str
        Step, an alias of pandas.
    seasons : tuple of int
        Seasons of the process; empty for none.
    n, shortest, longest, horizon : int
        Series, their lengths, and steps to forecast.
    drift : float
        Usual growth of a series in one horizon, in levels.
    walk : float
        Deviation of the level's steps, in levels.
    damped : float
        What is left of the drift after each step.
    wave : float
        Size of the season, in levels.
    turning : float
        How much the season's pattern changes from one to the next, as a share of it.
    noise : float
        Deviation of the noise, in levels.
    memory : float
        Autocorrelation of the noise.
    cycle : int
        Length of an irregular cycle; 0 for none.
    grows : bool
        Whether season and noise grow with the level.
    shift : float
        Chance of a step that the level jumps at.
    zeros : float
        Share of values that are 0, the others being counts; 0 for ordinary series.
    campaign : float
        Rise of the values by a campaign that is known ahead; 0 for none.
    """

    name: str
    freq: str
    seasons: tuple[int, ...] = ()
    n: int = 40
    shortest: int = 60
    longest: int = 120
    horizon: int = 12
    drift: float = 0.0
    walk: float = 0.02
    damped: float = 1.0
    wave: float = 0.2
    turning: float = 0.05
    noise: float = 0.05
    memory: float = 0.0
    cycle: int = 0
    grows: bool = True
    shift: float = 0.0
    zeros: float = 0.0
    campaign: float = 0.0


_MONTH: dict[str, Any] = {
    "freq": "MS",
    "seasons": (12,),
    "horizon": 18,
    "shortest": 70,
    "longest": 180,
}
_QUARTER: dict[str, Any] = {
    "freq": "QS",
    "seasons": (4,),
    "horizon": 8,
    "shortest": 28,
    "longest": 90,
}
_YEAR: dict[str, Any] = {"freq": "YS", "horizon": 5, "shortest": 12, "longest": 45, "n": 90}
_DAY: dict[str, Any] = {
    "freq": "D",
    "seasons": (7,),
    "horizon": 28,
    "shortest": 200,
    "longest": 500,
    "n": 16,
}

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="years_growing", **_YEAR, drift=0.3, walk=0.06, noise=0.03),
    Recipe(name="years_wandering", **_YEAR, drift=0.05, walk=0.12, noise=0.01),
    Recipe(name="years_damped", **_YEAR, drift=0.6, damped=0.9, walk=0.04, noise=0.05),
    Recipe(name="quarters_season", **_QUARTER, drift=0.15, wave=0.35, walk=0.03),
    Recipe(name="quarters_weak", **_QUARTER, drift=0.1, wave=0.04, walk=0.06),
    Recipe(name="quarters_turning", **_QUARTER, drift=0.1, wave=0.3, turning=0.25),
    Recipe(name="quarters_noisy", **_QUARTER, drift=0.1, wave=0.2, noise=0.2, walk=0.02),
    Recipe(name="months_season", **_MONTH, drift=0.1, wave=0.4, walk=0.015, noise=0.06),
    Recipe(name="months_weak", **_MONTH, drift=0.08, wave=0.05, walk=0.04, noise=0.06),
    Recipe(name="months_turning", **_MONTH, drift=0.1, wave=0.4, turning=0.2, noise=0.06),
    Recipe(name="months_noisy", **_MONTH, wave=0.15, noise=0.3, walk=0.01),
    Recipe(name="months_adding", **_MONTH, drift=0.3, wave=0.2, grows=False, noise=0.08),
    Recipe(name="months_shifting", **_MONTH, wave=0.25, shift=0.02, noise=0.06),
    Recipe(name="one_month_series", **{**_MONTH, "n": 1, "shortest": 150}, drift=0.2, wave=0.3),
    Recipe(name="months_cycle", **{**_MONTH, "n": 4, "longest": 400}, wave=0.0, cycle=90),
    Recipe(name="days_sales", **_DAY, wave=0.35, noise=0.2, memory=0.3, campaign=0.6),
    Recipe(name="days_memory", **_DAY, wave=0.2, noise=0.15, memory=0.8, walk=0.005),
    Recipe(name="days_intermittent", **_DAY, zeros=0.6, noise=0.1, walk=0.01),
    Recipe(name="days_rare", **_DAY, zeros=0.85, noise=0.1, wave=0.1),
    Recipe(
        name="days_walks", freq="D", n=10, shortest=700, longest=900, horizon=30, wave=0.0,
        walk=0.01, noise=0.0,
    ),
    Recipe(
        name="weeks_year", freq="W-SUN", seasons=(52,), n=6, shortest=320, longest=600, horizon=13,
        wave=0.3, noise=0.1, memory=0.5,
    ),
    Recipe(
        name="hours_two_seasons", freq="h", seasons=(24, 168), n=5, shortest=900, longest=1200,
        horizon=24, wave=0.4, noise=0.05, memory=0.7, walk=0.004,
    ),
    Recipe(
        name="one_hour_series", freq="h", seasons=(24, 168), n=1, shortest=4000, longest=4001,
        horizon=48, wave=0.4, noise=0.1, memory=0.8, walk=0.002, turning=0.03,
    ),
    Recipe(
        name="steps_without_season", freq="min", n=3, shortest=900, longest=1200, horizon=60,
        wave=0.0, noise=0.05, memory=0.9, walk=0.01, cycle=40,
    ),
)  # fmt: skip
"""What is made."""


def make_set(recipe: Recipe, rng: np.random.Generator) -> pd.DataFrame:
    """Return the series of a recipe as a long table."""
    parts = []
    for number in range(recipe.n):
        length = int(rng.integers(recipe.shortest, recipe.longest + 1))
        y, campaign = _values(recipe, length, rng)
        times = pd.date_range("2010-01-01", periods=length, freq=recipe.freq)
        part = pd.DataFrame({"series": f"s{number}", "time": times, "target": y})
        if recipe.campaign:
            part["campaign"] = campaign
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _values(recipe: Recipe, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the values of a series of ``n`` steps, and whether there is a campaign at each."""
    steps = np.arange(n)
    drift = recipe.drift / recipe.horizon * rng.normal(0.7, 0.7)
    fading = np.cumsum(recipe.damped**steps)
    walk = np.cumsum(recipe.walk * rng.normal(size=n))
    jumps = np.cumsum(np.where(rng.random(n) < recipe.shift, rng.normal(0, 0.4, n), 0.0))
    level = walk + drift * fading + jumps
    if recipe.cycle:
        level = level + 0.3 * _cycle(recipe.cycle, n, rng)
    season = sum((_season(recipe, m, n, rng) for m in recipe.seasons), np.zeros(n))
    noise = recipe.noise * _memory(recipe.memory, n, rng)
    campaign = (rng.random(n) < 0.12).astype(float)
    moved = season + noise + recipe.campaign * campaign * rng.uniform(0.5, 1.5)
    scale = float(np.exp(rng.normal(4.0, 1.2)))
    if recipe.zeros:
        rate = np.exp(np.clip(level + season, -3.0, 3.0)) * -np.log(recipe.zeros)
        return rng.poisson(rate).astype(float), campaign
    if recipe.grows:
        return scale * np.exp(np.clip(level, -4.0, 6.0)) * np.maximum(1.0 + moved, 0.02), campaign
    return scale * (2.0 + level + moved), campaign


def _season(recipe: Recipe, m: int, n: int, rng: np.random.Generator) -> Floats:
    """Return a pattern of a few waves that changes slowly, shape (n,)."""
    few = max(1, min(4, m // 2))
    angles = 2 * np.pi * np.arange(m)[None, :] * np.arange(1, few + 1)[:, None] / m
    sizes = rng.normal(size=(2, few)) / np.arange(1, few + 1)
    pattern = sizes[0] @ np.sin(angles) + sizes[1] @ np.cos(angles)
    pattern = recipe.wave * pattern / max(float(pattern.std()), 1e-9)
    rounds = -(-n // m)
    change = np.cumsum(rng.normal(size=(rounds, m)), axis=0) * recipe.turning * recipe.wave
    return np.asarray((pattern[None, :] + change).ravel()[:n])


def _memory(share: float, n: int, rng: np.random.Generator) -> Floats:
    """Return noise of deviation 1, each value a share of the one before and something new."""
    fresh = rng.normal(size=n) * np.sqrt(1.0 - share**2)
    made = np.empty(n)
    last = float(rng.normal())
    for step in range(n):
        last = share * last + fresh[step]
        made[step] = last
    return made


def _cycle(length: int, n: int, rng: np.random.Generator) -> Floats:
    """Return waves whose length and height vary around ``length`` and 1."""
    speed = 2 * np.pi / length * np.exp(0.3 * _memory(0.98, n, rng))
    return np.asarray((1.0 + 0.3 * _memory(0.98, n, rng)) * np.sin(np.cumsum(speed)))


def write_sets(folder: Path, seed: int) -> None:
    """Write every set and the index."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for place, recipe in enumerate(RECIPES):
        table = make_set(recipe, np.random.default_rng([seed, place]))
        table.to_parquet(folder / f"{recipe.name}.parquet", index=False)
        known = "campaign" if recipe.campaign else None
        rows.append((recipe.name, "forecast", "target", recipe.horizon, known))
    columns = ["name", "task", "target", "horizon", "known_covariates"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "index.csv", index=False)


def main() -> None:
    """Write the sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write_sets(options.folder, options.seed)


if __name__ == "__main__":
    main()
