"""Rows of many columns in their own span, where a linear model has as many numbers as rows.

A penalty on squared weights leaves the weights in the span of the rows, so nothing is lost: with
twelve thousand numbers of four pictures and four hundred rows, a path of penalties costs a
thirtieth.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

# With fewer columns per row, finding the span costs more than it saves.
_COLUMNS_A_ROW = 3
# Of the largest eigenvalue; what is below is rounding.
_ROUNDING = 1e-7


@dataclass(frozen=True, slots=True)
class RowSpan:
    """Rows described by as many numbers as there are rows.

    Attributes
    ----------
    coordinates : array, shape (n_rows, rank)
        The rows; their products with each other are the same as before.
    axes : array, shape (n_columns, rank)
        Where these numbers point.
    """

    coordinates: NDArray[Any]
    axes: NDArray[Any]

    def unfold(self, model: Any) -> None:
        """Turn a fitted model of the coordinates, one with ``coef_``, into one of the columns."""
        model.coef_ = model.coef_ @ self.axes.T.astype(model.coef_.dtype)
        model.n_features_in_ = self.axes.shape[0]


def row_span(X: Any) -> RowSpan | None:
    """Return the span of dense rows; None where there are too few columns for it to pay.

    Parameters
    ----------
    X : array or sparse matrix, shape (n_rows, n_columns)
        The rows.
    """
    if sp.issparse(X) or X.shape[1] < _COLUMNS_A_ROW * X.shape[0]:
        return None
    values, turns = np.linalg.eigh((X @ X.T).astype(np.float64))
    large = values > _ROUNDING * max(float(values.max(initial=0.0)), 1e-12)
    roots = np.sqrt(values[large])
    coordinates = (turns[:, large] * roots).astype(X.dtype)
    axes = X.T @ (turns[:, large] / roots).astype(X.dtype)
    return RowSpan(coordinates, axes)
