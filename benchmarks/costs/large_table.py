"""A large made table: numbers with gaps, counts and categories, and a target to learn."""

from pathlib import Path

N_COLUMNS = 30
CATEGORIES = (3, 8, 25, 120, 2, 5)


def write_large_table(
    path: Path, n_rows: int, n_columns: int = N_COLUMNS, *, seed: int = 0
) -> None:
    """Write ``n_rows`` x ``n_columns`` features and the target ``bought`` as Parquet."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    n_numbers = n_columns - 2 - len(CATEGORIES)
    columns = {f"x{number:02d}": rng.normal(size=n_rows) for number in range(n_numbers)}
    signal = (
        columns["x00"]
        + 0.7 * columns["x01"] * columns["x02"]
        - 0.5 * np.abs(columns["x04"])
        + 0.3 * np.sin(3 * columns["x05"])
    )
    for name in ("x03", "x07", "x11"):
        columns[name][rng.random(n_rows) < 0.05] = np.nan
    columns["visits"] = rng.integers(0, 1000, n_rows)
    columns["items"] = rng.integers(0, 50, n_rows)
    for number, n_levels in enumerate(CATEGORIES):
        codes = rng.integers(0, n_levels, n_rows)
        signal = signal + (0.5 * rng.normal(size=n_levels))[codes]
        levels = np.array([f"level {code}" for code in range(n_levels)])
        columns[f"kind{number}"] = levels[codes]
    chance = 1 / (1 + np.exp(-(signal - np.median(signal))))
    columns["bought"] = np.where(rng.random(n_rows) < chance, "yes", "no")
    pd.DataFrame(columns).to_parquet(path)
