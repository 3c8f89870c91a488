"""Check and convert the inputs of the estimators: X, y, weights and groups."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length

from espalier.pipelines.automl.frozen_features import NO_FROZEN_FEATURES, FrozenFeatures
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.data.parsing.readings import (
    holds_date_objects,
    is_date,
    is_number,
    is_timedelta,
    seconds,
)
from espalier.pipelines.data.target import encode_target, infer_problem, target_present
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from espalier.pipelines.data.preparation import Preparation


def read_features(X: Any, *, estimator: str) -> pd.DataFrame:
    """Return X as a table with unique string names and a RangeIndex.

    Parameters
    ----------
    X : DataFrame, or array-like of shape (n_rows, n_columns)
        A DataFrame may hold anything; arrays may hold numbers, NaN, infinities and texts.
    estimator : str
        Name of the estimator, for messages.

    Raises
    ------
    ValueError or TypeError
        X is sparse, complex, not two-dimensional or empty.
    """
    if not isinstance(X, pd.DataFrame) and hasattr(X, "to_pandas"):
        X = X.to_pandas()  # Polars and Arrow tables
    if isinstance(X, pd.DataFrame) and not _has_complex(X):
        if X.shape[0] == 0:
            raise ValueError(
                f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required "
                f"by {estimator}."
            )
        if X.shape[1] == 0:
            raise ValueError(
                f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is "
                f"required by {estimator}."
            )
        return X.set_axis(unique_names(X.columns), axis=1).reset_index(drop=True)
    array = check_array(X, dtype=None, ensure_all_finite=False, estimator=estimator)
    _refuse_objects(array)
    frame = pd.DataFrame(array, columns=[f"x{position}" for position in range(array.shape[1])])
    return frame.infer_objects() if array.dtype == object else frame


def feature_names(X: Any) -> NDArray[Any] | None:
    """Return the names of a DataFrame's columns as scikit-learn keeps them; None for arrays."""
    columns = getattr(X, "columns", getattr(X, "column_names", None))
    if columns is None or not any(isinstance(name, str) for name in columns):
        return None
    return np.asarray(unique_names(columns), dtype=object)


def read_labels(y: Any) -> "pd.Series[Any]":
    """Return class labels as a Series, exactly as given.

    Raises
    ------
    ValueError
        y is missing, has missing values, is not one-dimensional, or holds dates or continuous
        numbers.
    """
    labels = _one_column(y)
    if is_date(labels.dtype) or holds_date_objects(labels):
        raise UserError("y holds dates; derive a number or a class from them")
    if is_number(labels.dtype) and "decimal" not in str(labels.dtype):
        check_classification_targets(labels.to_numpy())
    elif pd.api.types.infer_dtype(labels) == "bytes":
        check_classification_targets(labels.to_numpy())  # which says how to decode them
    absent = int((~target_present(labels)).sum())
    if absent:
        raise UserError(
            f"y has {absent} label(s) that are blank or say 'nan', which reads as missing; leave "
            "out these rows or name the class"
        )
    return labels


def read_values(y: Any) -> "pd.Series[Any]":
    """Return regression values as a Series of float64; durations in seconds.

    Raises
    ------
    ValueError
        y is missing, has missing or infinite values, is not one-dimensional or not numeric.
    """
    values = _one_column(y)
    if is_date(values.dtype) or holds_date_objects(values):
        raise UserError("y holds dates; derive a number from them, such as days since a day")
    if is_timedelta(values.dtype) or pd.api.types.infer_dtype(values) == "timedelta":
        return pd.Series(seconds(pd.to_timedelta(values)), name="y")
    if np.iscomplexobj(values):
        raise ValueError("Complex data not supported: y must be real")
    try:
        return pd.Series(np.asarray(values, dtype=np.float64), name="y")
    except (TypeError, ValueError):
        raise UserError("y holds values that are no numbers; a regression needs numbers") from None


def read_weights(sample_weight: Any, n_rows: int) -> NDArray[np.float64] | None:
    """Return the rows' weights, shape (n_rows,), or None.

    Raises
    ------
    ValueError
        The weights are not one finite, non-negative number per row, or all are zero.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.ndim == 0:
        weights = np.full(n_rows, float(weights))
    if weights.ndim != 1:
        raise ValueError(f"sample_weight must be one-dimensional, not of shape {weights.shape}")
    if len(weights) != n_rows:
        raise ValueError(f"sample_weight has {len(weights)} entries, X has {n_rows} rows")
    assert_all_finite(weights, input_name="sample_weight")
    if (weights < 0).any():
        raise ValueError("sample_weight has negative entries; weights are at least 0")
    if not weights.sum() > 0:
        raise ValueError("sample_weight is zero everywhere, so no row counts; give some weight")
    return weights


def same_length(X: pd.DataFrame, y: "pd.Series[Any]", groups: Any) -> None:
    """Raise a ValueError when X, y and groups differ in length."""
    check_consistent_length(X, y, groups)


def rows_at(
    places: NDArray[np.integer],
    table: pd.DataFrame,
    target: "pd.Series[Any]",
    weights: NDArray[np.float64] | None,
    groups: Any,
) -> tuple[pd.DataFrame, "pd.Series[Any]", NDArray[np.float64] | None, Any]:
    """Return the features, targets, weights and groups of the rows at these positions."""
    return (
        table.iloc[places].reset_index(drop=True),
        target.iloc[places],
        None if weights is None else weights[places],
        None if groups is None else np.asarray(groups)[places],
    )


def _one_column(y: Any) -> "pd.Series[Any]":
    """Return y as a Series of its own dtype, checked to be one column without missing cells."""
    if y is None:
        raise ValueError("this estimator requires y to be passed, but the target y is None")
    if not isinstance(y, pd.Series | pd.DataFrame | pd.Index) and hasattr(y, "to_pandas"):
        y = y.to_pandas()  # Polars and Arrow
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    if not isinstance(y, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        values = column_or_1d(y, warn=True)
        assert_all_finite(values, input_name="y")
        return pd.Series(values, name="y")
    column = pd.Series(y).reset_index(drop=True).rename("y")
    if column.isna().any():
        raise ValueError("Input y contains NaN; leave out the rows without a target")
    if is_number(column.dtype):
        assert_all_finite(column.to_numpy(), input_name="y")
    return column


def _has_complex(X: pd.DataFrame) -> bool:
    return any(pd.api.types.is_complex_dtype(dtype) for dtype in X.dtypes)


def _refuse_objects(array: NDArray[Any]) -> None:
    """Raise a TypeError for cells of an array that are neither numbers, texts nor missing."""
    if array.dtype != object:
        return
    for cell in array.ravel():
        if isinstance(cell, dict | list | set | tuple):
            raise TypeError(
                f"argument must be a string or a real number, not {type(cell).__name__!r}; "
                "give a DataFrame for anything else"
            )


def prepared_dataset(
    table: pd.DataFrame,
    target: "pd.Series[Any]",
    task: str,
    weights: NDArray[np.float64] | None,
    groups: Any,
    frozen: FrozenFeatures = NO_FROZEN_FEATURES,
) -> "tuple[Dataset, Preparation]":
    """Return the prepared dataset, and the preparation to apply to new rows.

    Columns of pictures and of texts become vectors as ``frozen`` says.
    """
    from espalier.pipelines.data.assemble import read_groups
    from espalier.pipelines.data.prepare import prepare

    problem = infer_problem(target, task)
    codes, classes = encode_target(target, problem)
    pictures = frozen.pictures(table)
    preparation, features = prepare(table, target=None, given=pictures.planned)
    preparation, features = frozen.extended(table, preparation, features)
    for note in (*pictures.warnings, *pictures.notes, *preparation.notes):
        warnings.warn(note, UserWarning, stacklevel=4)
    dataset = Dataset(
        X=features,
        y=codes,
        problem=problem,
        roles=preparation.roles,
        classes=classes,
        groups=None
        if groups is None
        else read_groups(pd.Series(np.asarray(groups), name="groups")),
        sample_weight=weights,
    )
    return dataset, preparation
