"""A model of its own for each part of the horizon, in place of one that is told the step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.resources.budget import NEVER, Deadline

# Parts of the horizon at most: a step each where there are no more steps than that.
MOST_PARTS = 8
# A part with fewer rows is left to the model of all steps.
FEWEST_ROWS = 60


class Regressor(Protocol):
    """A regression model of rows."""

    def predict(self, X: Floats) -> Any:
        """Return values, shape (n_rows,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ApartRegressor:
    """Regressors by part of the horizon.

    Attributes
    ----------
    column : int
        Column of X that holds the step, from 0.
    edges : tuple of float
        First steps of the parts but the first, ascending.
    parts : tuple of Regressor
        One for each part.
    """

    column: int
    edges: tuple[float, ...]
    parts: tuple[Regressor, ...] = field(repr=False)

    def predict(self, X: Floats) -> Floats:
        """Return values, shape (n_rows,)."""
        of_part = np.searchsorted(self.edges, X[:, self.column], side="right")
        found = np.zeros(len(X))
        for place, regressor in enumerate(self.parts):
            rows = of_part == place
            if rows.any():
                found[rows] = regressor.predict(X[rows])
        return found


def fit_apart(
    fit_rows: Callable[[Floats, Floats, Floats, Deadline], Regressor],
    column: int,
    horizon: int,
    X: Floats,
    y: Floats,
    weights: Floats,
    deadline: Deadline = NEVER,
) -> Regressor:
    """Fit a model to the rows of each part of the horizon.

    Parameters
    ----------
    fit_rows : callable (X, y, weights, deadline) -> Regressor
        Fits one model.
    column : int
        Column of ``X`` that holds the step, from 0.
    horizon : int
        Number of steps, H.
    X, y, weights : arrays, shape (n_rows, F), (n_rows,) and (n_rows,)
        The rows of all steps.
    deadline : Deadline
        When the fits must end.
    """
    count = min(MOST_PARTS, horizon)
    edges = np.linspace(0, horizon, count + 1).round()[1:-1]
    of_part = np.searchsorted(edges, X[:, column], side="right")
    whole: Regressor | None = None
    parts: list[Regressor] = []
    for place in range(count):
        rows = of_part == place
        if rows.sum() >= FEWEST_ROWS:
            parts.append(fit_rows(X[rows], y[rows], weights[rows], deadline))
        else:
            whole = whole or fit_rows(X, y, weights, deadline)
            parts.append(whole)
    return ApartRegressor(column, tuple(edges.tolist()), tuple(parts))
