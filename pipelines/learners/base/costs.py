"""Estimates of matrix width and preprocessing time, for the families' expected costs."""

from collections.abc import Mapping

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.trials.configuration import Value

_FEW_ROWS = 800
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
