"""Estimates of matrix width and preprocessing time, for the families' expected costs."""

from collections.abc import Mapping
from dataclasses import replace

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.preprocessing.build import DEFAULT_FORMULAS
from espalier.pipelines.preprocessing.constructed.random_formulas import MOST_CELLS
from espalier.pipelines.preprocessing.lookups import MOST_LOOKUPS
from espalier.pipelines.trials.configuration import Value

_FEW_ROWS = 800
# Directions of a text column that `matrix_columns` and `text_seconds` count.
_TEXT_DIRECTIONS = 16
DIRECTIONS = 64.0
"""Matrix columns for each column of vectors, on average over families and configurations."""


def matrix_columns(shape: DatasetShape, *, per_category: float = 1.0) -> float:
    """Return about how many columns the feature matrix has.

    Parameters
    ----------
    shape : DatasetShape
        Shape of the prepared table.
    per_category : float
        Matrix columns for each categorical column: 1 for codes, some eight for one-hot.
    """
    return (
        shape.n_numeric
        + per_category * shape.n_categorical
        + 20.0 * shape.n_text
        + 6.0 * shape.n_datetime
        + DIRECTIONS * shape.n_vectors
        + 1.0
    )


def with_constructed(values: Mapping[str, Value], shape: DatasetShape) -> DatasetShape:
    """Return the shape of a table that has the columns a configuration makes of several others.

    Directions of text beyond the usual few are among them. What a family says of its seconds
    and memory then holds with these columns too.

    Parameters
    ----------
    values : mapping
        A configuration, its preprocessing with the prefix ``prep_``.
    shape : DatasetShape
        Shape of the prepared table.
    """
    made = lookup_columns(values, shape)
    if values.get("prep_construction") == "random":
        asked = int(values.get("prep_formulas", DEFAULT_FORMULAS))
        made += min(asked, MOST_CELLS // max(shape.n_rows, 1))
    made += shape.n_text * max(0, _directions(values) - _TEXT_DIRECTIONS)
    return replace(shape, n_columns=shape.n_columns + made) if made else shape


def lookup_columns(values: Mapping[str, Value], shape: DatasetShape) -> int:
    """Return about how many columns a configuration looks up."""
    kind = values.get("prep_lookups", "none")
    if kind == "none":
        return 0
    most = min(MOST_LOOKUPS, MOST_CELLS // max(shape.n_rows, 1))
    levels = shape.n_categorical
    sizes = {
        "crosses": min(most, max(1, levels**3)),
        "groups": min(most, 2 * levels * shape.n_numeric),
        "keys": most,
    }
    return sum(size for each, size in sizes.items() if kind in (each, "all"))


def _directions(values: Mapping[str, Value]) -> int:
    """Return the directions of each text column."""
    if values.get("prep_text") == "tfidf":
        return 0
    return int(values.get("prep_text_components", _TEXT_DIRECTIONS))


def network_operations(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return the fewest operations for a row that a network takes: those of a single input.

    Parameters
    ----------
    values : mapping
        Hyperparameters; ``width`` hidden units in each of ``depth`` layers.
    shape : DatasetShape
        Shape of the prepared table.
    """
    width, depth = float(values["width"]), float(values["depth"])
    return 2.0 * width * (1.0 + width * (depth - 1.0) + shape.n_classes)


def features_seconds(shape: DatasetShape, vectors: str = "pca") -> float:
    """Return about how many seconds one core takes to preprocess all rows.

    ``vectors`` is what is made of columns of vectors (``prep_vectors``).
    """
    cells = shape.n_rows * matrix_columns(shape)
    seconds = 0.02 + 1e-7 * cells + 4e-5 * shape.n_rows * shape.n_text + text_seconds(shape)
    return seconds + vector_seconds(shape, vectors)


def constructed_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return about how many seconds one core takes to make columns of several others.

    What `features_seconds` says of as many plain columns comes on top of it.
    """
    seconds = 0.0
    if values.get("prep_construction") == "random":
        n_made = int(values.get("prep_formulas", DEFAULT_FORMULAS))
        seconds += 0.05 + 5e-4 * n_made + 2e-6 * n_made**2
    n_directions = _directions(values)
    if shape.n_text and n_directions > _TEXT_DIRECTIONS:
        strings = min(shape.n_rows, 10_000)  # those that directions are learned from
        seconds += 5e-9 * shape.n_text * strings * n_directions * (n_directions + 100)
    # Six times, for the folds of target means: keys are sorted, and means taken.
    return seconds + 4e-7 * shape.n_rows * lookup_columns(values, shape)


def vector_seconds(shape: DatasetShape, vectors: str = "pca") -> float:
    """Return about how many seconds one core takes to make numbers of vectors."""
    if vectors == "none" or not shape.vector_width:
        return 0.0
    copied = 1e-8 * shape.n_rows * shape.vector_width
    if vectors == "all":
        return copied
    if shape.n_rows <= _FEW_ROWS:  # by the products of rows
        return copied + 2e-10 * shape.n_rows**2 * shape.vector_width + 2e-9 * shape.n_rows**3
    return copied + (1e-7 * min(shape.n_rows, 2_000) + 1e-8 * shape.n_rows) * shape.vector_width


def text_seconds(shape: DatasetShape) -> float:
    """Return about how many seconds one core takes to process all text of a table.

    A review of 400 characters takes a quarter of a millisecond: its words and pairs of words are
    counted, and the counts are projected.
    """
    return 6e-7 * shape.n_rows * shape.text_length
