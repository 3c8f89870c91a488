"""Numbers that characterise pictures and texts of a table, beside the catalogued meta-features.

They are shown and logged with a run. Experience does not compare tables by them: its records have
none of them yet.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.seeds import drawn_rows

MEANINGS: Mapping[str, str] = {
    "picture_columns": "columns of pictures",
    "share_without_picture": "share of their cells without a usable picture",
    "log_rows_of_rarest_class": "decimal logarithm of the rows of the rarest class",
    "picture_agreement": "how well the most similar picture of another row tells the target: the "
    "share of equal classes above chance, or of explained variance; 0 for nothing, 1 for all",
    "text_columns": "columns of texts",
    "words_per_text": "median number of words of a text",
    "distinct_words": "share of the words that are different, of at most 10,000",
    "meaning_agreement": "as picture_agreement, by the vectors of the texts' meaning",
}
"""What each number is."""
_ROWS = 500
_WORDS = 10_000


def contents(dataset: Dataset, *, seed: int) -> dict[str, float]:
    """Return the numbers that a dataset has, by name; none without pictures and texts.

    Parameters
    ----------
    dataset : Dataset
        The search rows.
    seed : int
        The run's seed; draws the rows that are looked at.
    """
    rows = dataset.take(drawn_rows(len(dataset), _ROWS, seed=seed))
    roles = dataset.roles
    pictures = [name for name, role in roles.items() if role is ColumnRole.IMAGE]
    texts = [name for name, role in roles.items() if role is ColumnRole.TEXT]
    meanings = [name for name, role in roles.items() if role is ColumnRole.MEANING]
    found: dict[str, float] = {}
    if pictures:
        found["picture_columns"] = float(len(pictures))
        found["share_without_picture"] = float(dataset.X[pictures].isna().to_numpy().mean())
        if dataset.problem.is_classification:
            found["log_rows_of_rarest_class"] = float(
                np.log10(max(dataset.shape.smallest_class, 1))
            )
        found["picture_agreement"] = max(_agreement(rows.X[name], rows) for name in pictures)
    if texts:
        found["text_columns"] = float(len(texts))
        cells = [cell.split() for name in texts for cell in rows.X[name].dropna()]
        words = [word.lower() for cell in cells for word in cell][:_WORDS]
        found["words_per_text"] = float(np.median([len(cell) for cell in cells])) if cells else 0.0
        found["distinct_words"] = len(set(words)) / max(len(words), 1)
    if meanings:
        found["meaning_agreement"] = max(_agreement(rows.X[name], rows) for name in meanings)
    return found


def _agreement(column: "pd.Series[Any]", rows: Dataset) -> float:
    """Return how well each row's nearest neighbour by cosine tells its target, 0 to 1."""
    known = np.flatnonzero([isinstance(each, np.ndarray) for each in column])
    if len(known) < 3:
        return 0.0
    vectors = np.stack([column.iloc[at] for at in known]).astype(np.float32)
    vectors -= vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -np.inf)
    y, near = rows.y[known], rows.y[known][alike.argmax(axis=1)]
    if rows.problem.is_classification:
        shares = np.bincount(y) / len(y)
        chance = float((shares**2).sum())
        value = (float((y == near).mean()) - chance) / max(1.0 - chance, 1e-9)
    else:
        # Two rows that have nothing to do with each other differ by twice the variance.
        value = 1.0 - float(np.mean((y - near) ** 2)) / max(2.0 * float(np.var(y)), 1e-12)
    return float(np.clip(value, 0.0, 1.0))
