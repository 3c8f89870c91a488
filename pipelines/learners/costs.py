"""What expected costs of several families share."""

from pipelines.data.dataset import DatasetShape


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
        + 1.0
    )
