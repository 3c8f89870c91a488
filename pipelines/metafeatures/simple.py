"""Meta-features of size: counts, and shares of columns and cells."""

from collections.abc import Sequence

import numpy as np

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.metafeatures.sample import Sample


def size(dataset: Dataset) -> dict[str, float]:
    """Return meta-features of the number of rows and columns of the whole dataset."""
    n_rows, n_columns = max(len(dataset), 1), max(dataset.X.shape[1], 1)
    return {
        "log_rows": float(np.log10(n_rows)),
        "log_columns": float(np.log10(n_columns)),
        "log_rows_per_column": float(np.log10(n_rows / n_columns)),
    }


def kinds(dataset: Dataset, sample: Sample) -> dict[str, float]:
    """Return shares of columns by kind, and of cells missing or zero."""
    roles = list(dataset.roles.values())
    n_columns = max(len(roles), 1)
    drawn = sample.dataset
    missing = drawn.X.isna().to_numpy()
    numbers = sample.numbers[:, sample.is_number]
    present = ~np.isnan(numbers)
    whole = [
        bool((column[kept] == np.floor(column[kept])).all()) if kept.any() else False
        for column, kept in zip(numbers.T, present.T, strict=True)
    ]
    plain = [name for name, role in drawn.roles.items() if not role.is_vector]
    distinct = {name: int(drawn.X[name].nunique()) for name in plain}
    levels = [
        np.log10(max(distinct[name], 1))
        for name, role in drawn.roles.items()
        if role is ColumnRole.CATEGORICAL
    ]
    return {
        "share_categorical": roles.count(ColumnRole.CATEGORICAL) / n_columns,
        "share_text": roles.count(ColumnRole.TEXT) / n_columns,
        "share_datetime": sum(role.is_date for role in roles) / n_columns,
        "share_binary": _mean([n == 2 for n in distinct.values()]),
        "share_integer": _mean(whole),
        "share_missing": float(missing.mean()) if missing.size else 0.0,
        "share_columns_missing": float((missing.sum(axis=0) > 0).mean()) if missing.size else 0.0,
        "share_zero": float((numbers[present] == 0).mean()) if present.any() else 0.0,
        "levels_mean": _mean(levels),
        "levels_max": float(max(levels, default=0.0)),
        "share_duplicates": float(drawn.X.duplicated().mean())
        if len(drawn) and len(plain) == len(drawn.roles)
        else 0.0,
    }


def _mean(values: Sequence[float]) -> float:
    """Return the mean; 0 if there are no values."""
    return float(np.mean(values)) if values else 0.0
