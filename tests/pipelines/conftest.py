"""Small tables with everything that goes wrong in real ones."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.problem import ProblemKind
from tests.pipelines.ensemble_fixtures import dataset_of, made_target, predictions_of, results_of

__all__ = ["dataset_of", "made_target", "messy", "predictions_of", "results_of"]

N, C, T, D = (
    ColumnRole.NUMERIC,
    ColumnRole.CATEGORICAL,
    ColumnRole.TEXT,
    ColumnRole.DATETIME,
)


def make_messy(problem: ProblemKind, n_rows: int = 90, seed: int = 0) -> Dataset:
    """Return a table with gaps, a rare level, a nearly empty column, text, dates, a wild value."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n_rows)
    gaps = np.where(rng.random(n_rows) < 0.2, np.nan, signal + rng.normal(0, 0.3, n_rows))
    wild = rng.normal(size=n_rows)
    wild[0] = 1e12
    nearly_empty = np.full(n_rows, np.nan)
    nearly_empty[-1] = 1.0
    level = np.where(signal > 0, "high", "low").astype(object)
    level[rng.random(n_rows) < 0.1] = np.nan
    level[1] = "seen once"
    words = np.array(["red fox", "blue whale", "grey wolf", "red panda", ""], dtype=object)
    text = np.array([f"{words[i]} {i % 7}" for i in rng.integers(0, 5, n_rows)], dtype=object)
    text[2] = np.nan
    dates = pd.Series(
        pd.Timestamp("2020-01-31") + pd.to_timedelta(rng.integers(0, 900, n_rows), "D")
    )
    dates = dates.astype("datetime64[ns]")
    dates.iloc[3] = pd.NaT
    X = pd.DataFrame(
        {
            "signal": signal,
            "gaps": gaps,
            "wild": wild,
            "nearly empty": nearly_empty,
            "constant": np.ones(n_rows),
            "large": 20_230_000.0 + rng.integers(0, 5, n_rows),
            "level": level,
            "text, with [odd] name": text,
            "when": dates,
        }
    )
    roles = dict(zip(X.columns, [N, N, N, N, N, N, C, T, D], strict=True))
    if problem is ProblemKind.REGRESSION:
        y = 10 * signal + rng.normal(size=n_rows) + 100
        return Dataset(X=X, y=y, problem=problem, roles=roles)
    if problem is ProblemKind.BINARY:
        y = (signal + rng.normal(0, 0.5, n_rows) > 0.3).astype(np.int64)
        return Dataset(X=X, y=y, problem=problem, roles=roles, classes=np.array(["no", "yes"]))
    y = np.digitize(signal, [-0.7, 0.7]).astype(np.int64)
    y[5] = 3  # a class of one row
    return Dataset(X=X, y=y, problem=problem, roles=roles, classes=np.array(list("abcd")))


@pytest.fixture(scope="session")
def messy() -> Callable[..., Dataset]:
    return make_messy
