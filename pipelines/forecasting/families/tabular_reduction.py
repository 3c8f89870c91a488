"""Window-relative reduction to the families of tables: each of them becomes one of forecasts.

The features and the target are those of `reduction`; the model is a `Candidate` as in a training on
a table, with its own hyperparameters and the default preprocessing of its family, trained for the
absolute error where the family can. Its form is direct or recursive (see
`espalier.pipelines.forecasting.recursion`).
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.forecasting.families.apart import Regressor
from espalier.pipelines.forecasting.families.reduction import BASES, build_reduction
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.recursion import RecursiveForecaster
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.metrics.objective import ABSOLUTE_ERROR
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration, Value

if TYPE_CHECKING:  # a served model must load without ConfigSpace
    from ConfigSpace import ConfigurationSpace

_OWN = ("base", "form", "window", "most_rows")
_DIRECT, _RECURSIVE = "direct", "recursive"
_COLUMNS = 30


def _row_shape(n_rows: int, n_columns: int = _COLUMNS) -> DatasetShape:
    return DatasetShape(
        problem=ProblemKind.REGRESSION, n_rows=n_rows, n_columns=n_columns, has_missing=True
    )


def reduction_to(learner: Learner) -> Learner:
    """Return the family of forecasters that reduces to a family of tables.

    It is called ``<name>_reduction``. The parts are module-level functions, so that it pickles.
    """
    return Learner(
        name=f"{learner.name}_reduction",
        label=f"{learner.label} on windows",
        problems=frozenset({ProblemKind.REGRESSION}),
        space=partial(_space, learner),
        build=partial(_build, learner),
        expected_seconds=partial(_seconds, learner),
        anytime=learner.anytime,
        weighs=False,
        packages=learner.packages,
    )


def _space(learner: Learner, shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    from ConfigSpace import Categorical, EqualsCondition, Integer

    space = learner.space(_row_shape(15_000))
    base = Categorical("base", list(BASES), default="ces")
    form = Categorical("form", [_DIRECT, _RECURSIVE], default=_DIRECT)
    space.add(
        [
            base,
            form,
            Integer("window", (4, 64), log=True, default=12),
            Categorical("most_rows", [5_000, 15_000, 40_000], default=15_000),
            # The others would be forecast anew at each step, and are too slow for many origins.
            EqualsCondition(base, form, _DIRECT),
        ]
    )
    return space


def _build(learner: Learner, values: Mapping[str, Value], context: BuildContext) -> Any:
    own = {name: value for name, value in values.items() if name not in _OWN}
    # Trials of earlier versions name no form.
    recursive = values.get("form", _DIRECT) == _RECURSIVE
    base = "seasonal_naive" if recursive else str(values["base"])
    fit_rows = partial(
        fit_candidate,
        learner=learner,
        configuration=Configuration.of(learner.name, own),
        seed=context.seed,
        n_threads=context.n_threads,
    )
    forecaster = build_reduction(fit_rows, base, values, context.seed)
    return RecursiveForecaster(once=forecaster) if recursive else forecaster


def _seconds(learner: Learner, values: Mapping[str, Value], shape: DatasetShape) -> float:
    rows = min(int(values["most_rows"]), 20 * shape.n_rows)
    own = {name: value for name, value in values.items() if name not in _OWN}
    return 0.3 + learner.expected_seconds(own, _row_shape(rows)) + 1e-5 * shape.n_rows


class _OfRows:
    """A fitted candidate that takes arrays."""

    def __init__(self, candidate: Any, columns: list[str]) -> None:
        self._candidate = candidate
        self._columns = columns

    def predict(self, X: Floats) -> Any:
        """Return values, shape (n_rows,)."""
        return self._candidate.predict_scores(_frame(X, self._columns))


def _frame(X: Floats, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(X.astype(np.float32), columns=columns)


def fit_candidate(
    X: Floats,
    y: Floats,
    weights: Floats,
    deadline: Deadline,
    *,
    learner: Learner,
    configuration: Configuration,
    seed: int,
    n_threads: int = 1,
) -> Regressor:
    """Return a family of tables fitted to the rows.

    Raises
    ------
    TimeoutError
        The deadline has passed.
    """
    from espalier.pipelines.learners.candidate import Candidate

    deadline.check()
    columns = [f"f{place}" for place in range(X.shape[1])]
    candidate = Candidate(
        configuration=configuration,
        learner=learner,
        roles=dict.fromkeys(columns, ColumnRole.NUMERIC),
        shape=_row_shape(len(y), X.shape[1]),
        seed=seed,
        n_threads=n_threads,
        objective=ABSOLUTE_ERROR,
    )
    limit = None if deadline.at is None else deadline
    return _OfRows(
        candidate.fit(_frame(X, columns), y, sample_weight=weights, deadline=limit), columns
    )
