"""Meta-features of distributions: of the target, of the columns, and between them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.column_skill import skill
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.metafeatures.sample import Sample
from espalier.pipelines.seeds import generator

CORRELATED_COLUMNS = 100
CORRELATED_ROWS = 1_000
"""Most columns, and number of rows (at most twice as many), for correlations of columns."""


def target(dataset: Dataset) -> dict[str, float]:
    """Return meta-features of the target's distribution, from all rows."""
    y = dataset.y
    found = dict.fromkeys(
        (
            "log_classes",
            "class_entropy",
            "share_majority",
            "imbalance",
            "target_skew",
            "target_kurtosis",
            "target_distinct",
            "target_outliers",
        ),
        0.0,
    )
    found["is_regression"] = float(not dataset.problem.is_classification)
    if dataset.problem.is_classification:
        counts = np.bincount(y, minlength=dataset.n_classes).astype(float)
        counts = counts[counts > 0]
        shares = counts / counts.sum()
        n_classes = max(len(counts), 1)
        found["log_classes"] = float(np.log2(n_classes))
        if n_classes > 1:
            found["class_entropy"] = float(-(shares * np.log2(shares)).sum() / np.log2(n_classes))
        found["share_majority"] = float(shares.max())
        found["imbalance"] = float(np.log10(counts.max() / counts.min()))
        return found
    skewness, excess = moments(y)
    found["target_skew"], found["target_kurtosis"] = signed_log(skewness), signed_log(excess)
    found["target_distinct"] = len(np.unique(y)) / len(y)
    found["target_outliers"] = outliers(y)
    return found


def columns(sample: Sample) -> dict[str, float]:
    """Return quantiles over the numeric columns of their skewness, kurtosis and outliers."""
    skews, excesses, far = [], [], []
    for column in sample.numbers[:, sample.is_number].T:
        present = column[~np.isnan(column)]
        if len(present) < 3 or present.min() == present.max():
            continue
        skewness, excess = moments(present)
        skews.append(signed_log(skewness))
        excesses.append(signed_log(excess))
        far.append(outliers(present))
    return {
        **_quantiles("skew", skews),
        **_quantiles("kurtosis", excesses),
        "outliers_mean": float(np.mean(far)) if far else 0.0,
    }


def associations(sample: Sample, seed: int) -> dict[str, float]:
    """Return meta-features of how columns relate to the target and to each other.

    The association of a column is the share of the target it explains alone, out of sample
    (`espalier.pipelines.data.column_skill.skill`, cut at 0).
    """
    drawn = sample.dataset
    half = generator(seed, "profile", "halves").permutation(len(drawn)) < len(drawn) // 2
    skills = [0.0]
    if len(drawn) >= 10:
        plain = [name for name, role in drawn.roles.items() if not role.is_vector]
        skills = [max(0.0, skill(drawn, name, half)) for name in plain] or [0.0]
    return {
        **_quantiles("association", skills),
        "association_max": float(max(skills)),
        **_between(sample),
    }


def moments(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return skewness and excess kurtosis; 0 where all values are equal."""
    with np.errstate(all="ignore"):
        scaled = values / max(float(np.abs(values).max()), np.finfo(float).tiny)
        centred = scaled - scaled.mean()
        variance = float((centred**2).mean())
        if not variance > 1e-24:
            return 0.0, 0.0
        standard = centred / np.sqrt(variance)
        return float((standard**3).mean()), float((standard**4).mean() - 3.0)


def signed_log(value: float) -> float:
    """Return sign(value) log(1 + |value|): heavy tails stay within a few units."""
    return float(np.sign(value) * np.log1p(abs(value)))


def outliers(values: NDArray[np.float64]) -> float:
    """Return the share of values more than 3 quartile ranges outside the quartiles."""
    with np.errstate(over="ignore"):
        low, high = np.quantile(values, [0.25, 0.75])
        reach = 3.0 * (high - low)
        return float(((values < low - reach) | (values > high + reach)).mean())


def _between(sample: Sample) -> dict[str, float]:
    """Return rank correlations between columns, and the share of principal components."""
    found = {"correlation_mean": 0.0, "correlation_q90": 0.0, "components_95": 0.0}
    matrix = sample.dense()[:, :CORRELATED_COLUMNS] if sample.numbers.shape[1] else np.empty((0, 0))
    matrix = matrix[:: max(1, len(matrix) // CORRELATED_ROWS)]
    matrix = matrix[:, matrix.std(axis=0) > 1e-6] if matrix.size else matrix
    n_columns = matrix.shape[1]
    if n_columns < 2 or len(matrix) < 3:
        return found
    ranks = pd.DataFrame(matrix).rank().to_numpy()
    upper = np.triu_indices(n_columns, 1)
    correlations = np.abs(np.corrcoef(ranks, rowvar=False)[upper])
    found["correlation_mean"] = float(np.nan_to_num(correlations).mean())
    found["correlation_q90"] = float(np.quantile(np.nan_to_num(correlations), 0.9))
    variances = np.sort(np.linalg.eigvalsh(np.cov(matrix, rowvar=False)))[::-1]
    explained = np.cumsum(variances) / max(float(variances.sum()), 1e-300)
    found["components_95"] = float(min(np.searchsorted(explained, 0.95) + 1, n_columns) / n_columns)
    return found


def _quantiles(name: str, values: list[float]) -> dict[str, float]:
    """Return the 10, 50 and 90 % quantiles by name; 0 if there are no values."""
    at = np.quantile(values, [0.1, 0.5, 0.9]) if values else np.zeros(3)
    return {f"{name}_q{q}": float(value) for q, value in zip((10, 50, 90), at, strict=True)}
