"""Time kept back from the search for what must come after it."""

import math

from pipelines.budget import Budget
from pipelines.data.dataset import DatasetShape

# A histogram booster goes through about this many cells a second on a slow core, for each class.
_CELLS_PER_SECOND = 3e7
_ROUNDS = 100
_FIXED_SECONDS = 6.0  # ensemble, evaluation and registration of a small model on a busy machine
_FIXED_SHARE = 0.10
_REFIT_SHARES = (0.05, 0.25)


def reserve_seconds(budget: Budget, shape: DatasetShape) -> float:
    """Return the seconds to keep for the ensemble, the refit, the evaluation and the registration.

    A fixed part, and one that grows with the table until it is a quarter of the budget: what the
    search may try must be possible to fit once more, on all rows.

    Parameters
    ----------
    budget : Budget
        What the run may spend; without seconds nothing need be kept.
    shape : DatasetShape
        Shape of the search table.
    """
    if budget.seconds is None:
        return 0.0
    seconds = budget.seconds
    fixed = min(_FIXED_SECONDS, _FIXED_SHARE * seconds)
    low, high = _REFIT_SHARES
    refit = min(max(2 * _refit_seconds(shape), low * seconds), high * seconds)
    return fixed + refit


def _refit_seconds(shape: DatasetShape) -> float:
    """Return about how long one good model takes to fit on all rows."""
    columns = shape.n_columns + 20 * shape.n_text
    trees = shape.n_classes if shape.n_classes > 2 else 1
    return _ROUNDS * shape.n_rows * math.sqrt(max(columns, 1)) * trees / _CELLS_PER_SECOND
