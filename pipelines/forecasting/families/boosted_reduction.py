"""The reduction to LightGBM: its hyperparameters, and how a forecaster is built of them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.forecasting.families.reduction import (
    BASES,
    LAGS,
    build_reduction,
    fit_lightgbm,
)
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:  # a served model must load without ConfigSpace
    from ConfigSpace import ConfigurationSpace


def space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    """Return the hyperparameters."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    found = ConfigurationSpace()
    found.add(
        [
            Categorical("base", list(BASES), default="ces"),
            Categorical("lags", list(LAGS), default="near"),
            Categorical("loss", ["l1", "l2"], default="l1"),
            Integer("window", (4, 64), log=True, default=12),
            Integer("rounds", (40, 400), log=True, default=120),
            Float("learning_rate", (0.01, 0.2), log=True, default=0.05),
            Integer("num_leaves", (4, 63), log=True, default=15),
            Integer("min_data", (5, 200), log=True, default=30),
            Float("feature_share", (0.3, 1.0), default=0.6),
            Categorical("most_rows", [15_000, 30_000, 60_000], default=30_000),
        ]
    )
    return found


def starters(shape: DatasetShape) -> tuple[Mapping[str, Value], ...]:  # noqa: ARG001
    """Return further first trials: on bases that may be forecast at every origin."""
    return {"base": "linear", "lags": "seasons"}, {"base": "seasonal_naive", "window": 24}


def build(values: Mapping[str, Value], context: BuildContext, *, apart: bool = False) -> Any:
    """Return the forecaster; ``apart``: a model of its own for each part of the horizon."""
    fit_rows = partial(
        fit_lightgbm,
        rounds=int(values["rounds"]),
        learning_rate=float(values["learning_rate"]),
        num_leaves=int(values["num_leaves"]),
        min_data=int(values["min_data"]),
        feature_share=float(values["feature_share"]),
        loss=str(values["loss"]),
        seed=context.seed,
        n_threads=context.n_threads,
    )
    forecaster = build_reduction(fit_rows, str(values["base"]), values, context.seed)
    # Trials of earlier versions name no lags.
    return replace(forecaster, apart=apart, lags=str(values.get("lags", "near")))


def seconds(values: Mapping[str, Value], shape: DatasetShape, *, times: float = 1.0) -> float:
    """Return about how long a trial takes, ``times`` as long as one model does."""
    rows = min(int(values["most_rows"]), 20 * shape.n_rows)
    return times * (0.3 + 3e-7 * rows * int(values["rounds"])) + 1e-5 * shape.n_rows
