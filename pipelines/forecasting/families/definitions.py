"""The families of forecasters: their hyperparameters, and how each is built of them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.forecasting.families import boosted_reduction
from espalier.pipelines.forecasting.families.ces import ComplexSmoothing
from espalier.pipelines.forecasting.families.ets import ExponentialSmoothing
from espalier.pipelines.forecasting.families.grid_model import GridForecaster
from espalier.pipelines.forecasting.families.intermittent import IntermittentForecaster
from espalier.pipelines.forecasting.families.naive import KINDS, NaiveForecaster
from espalier.pipelines.forecasting.families.regression import (
    AutoregressionForecaster,
    HarmonicForecaster,
)
from espalier.pipelines.forecasting.families.tabular_reduction import reduction_to
from espalier.pipelines.forecasting.families.theta import OptimisedTheta
from espalier.pipelines.forecasting.families.window_regression import (
    CENTRES,
    LOSSES,
    WindowRegression,
)
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:  # a served model must load without ConfigSpace
    from ConfigSpace import ConfigurationSpace

_REGRESSION = frozenset({ProblemKind.REGRESSION})
# A pattern of the last four seasons follows one that changes; see docs/experiments.
_RECENT = {"all": None, "8": 8, "4": 4, "2": 2}
_SEASONS = ["multiplied", "added", "none"]
_CYCLE = ["first", "longest"]


def _space(*parameters: Any) -> "ConfigurationSpace":
    from ConfigSpace import ConfigurationSpace

    space = ConfigurationSpace()
    space.add(list(parameters))
    return space


def _choice(name: str, choices: list[Any], default: Any) -> Any:
    from ConfigSpace import Categorical

    return Categorical(name, choices, default=default)


def _number(name: str, low: float, high: float, default: float, *, log: bool = False) -> Any:
    from ConfigSpace import Float

    return Float(name, (low, high), default=default, log=log)


def _whole(name: str, low: int, high: int, default: int, *, log: bool = False) -> Any:
    from ConfigSpace import Integer

    return Integer(name, (low, high), default=default, log=log)


def _seconds(values: Mapping[str, Value], shape: DatasetShape, *, per_value: float) -> float:  # noqa: ARG001
    return 0.05 + per_value * shape.n_rows


# --- naive -------------------------------------------------------------------------------------


def _naive_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(
        _choice("kind", list(KINDS), "seasonal_naive"), _whole("window", 2, 24, 3, log=True)
    )


def _naive(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    return NaiveForecaster(kind=str(values["kind"]), window=int(values["window"]))


# --- grids -------------------------------------------------------------------------------------


def _grid_parameters(borrows: float = 1.0) -> list[Any]:
    return [
        _choice("season", _SEASONS, "multiplied"),
        _choice("recent", list(_RECENT), "4"),
        _choice("cycle", _CYCLE, "longest"),
        _choice("borrows", [1.0, 0.0], borrows),
        _number("sharpness", 0.05, 1.0, 0.3, log=True),
        _whole("longest", 30, 3000, 600, log=True),
    ]


def _grid(model: Any, values: Mapping[str, Value]) -> Any:
    return GridForecaster(
        model=model,
        longest=int(values["longest"]),
        borrows=float(values["borrows"]),
        sharpness=float(values["sharpness"]),
        cycle=str(values["cycle"]),
    )


def _ets_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(
        *_grid_parameters(),
        _choice("trend", ["any", "damped", "linear", "none"], "any"),
        _choice("moving", [True, False], True),
        _choice("relative", [True, False], False),
    )


def _ets(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    model = ExponentialSmoothing(
        trend=str(values["trend"]),
        season=str(values["season"]),
        moving=bool(values["moving"]),
        relative=bool(values["relative"]),
        recent=_RECENT[str(values["recent"])],
    )
    return _grid(model, values)


def _theta_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(*_grid_parameters(borrows=0.0), _choice("optimised", [True, False], True))


def _theta(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    model = OptimisedTheta(
        season=str(values["season"]),
        optimised=bool(values["optimised"]),
        recent=_RECENT[str(values["recent"])],
    )
    return _grid(model, values)


def _ces_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(*_grid_parameters(), _choice("moving", [True, False], False))


def _ces(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    model = ComplexSmoothing(
        season=str(values["season"]),
        moving=bool(values["moving"]),
        recent=_RECENT[str(values["recent"])],
    )
    return _grid(model, values)


# --- regressions -------------------------------------------------------------------------------


def _autoregression_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(
        _whole("lags", 1, 32, 6, log=True),
        _choice("difference", ["seasonal", "first", "none"], "seasonal"),
        _number("penalty", 0.001, 10.0, 0.3, log=True),
        _whole("longest", 50, 5000, 1000, log=True),
    )


def _autoregression(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    return AutoregressionForecaster(
        lags=int(values["lags"]),
        difference=str(values["difference"]),
        penalty=float(values["penalty"]),
        longest=int(values["longest"]),
    )


def _harmonic_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(
        _whole("waves", 1, 12, 4),
        _choice("line", [True, False], True),
        _number("penalty", 1e-4, 1.0, 0.01, log=True),
        _number("fading", 0.5, 1.0, 0.95),
        _whole("longest", 50, 5000, 1500, log=True),
    )


def _harmonic(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    return HarmonicForecaster(
        waves=int(values["waves"]),
        line=bool(values["line"]),
        penalty=float(values["penalty"]),
        fading=float(values["fading"]),
        longest=int(values["longest"]),
    )


def _intermittent_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(
        _choice("kind", ["tsb", "sba", "croston"], "tsb"),
        _number("alpha", 0.01, 0.5, 0.1, log=True),
        _number("beta", 0.01, 0.5, 0.05, log=True),
    )


def _intermittent(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    return IntermittentForecaster(
        kind=str(values["kind"]), alpha=float(values["alpha"]), beta=float(values["beta"])
    )


# --- windows -----------------------------------------------------------------------------------


def _window_regression_space(shape: DatasetShape) -> "ConfigurationSpace":  # noqa: ARG001
    return _space(
        _number("cycles", 1.0, 6.0, 2.0, log=True),
        _choice("cycle", ["longest", "first"], "longest"),
        _choice("loss", list(LOSSES), "l1"),
        _number("penalty", 1e-3, 1.0, 0.03, log=True),
        _choice("centre", list(CENTRES), "last"),
    )


def _window_regression(values: Mapping[str, Value], context: BuildContext) -> Any:  # noqa: ARG001
    return WindowRegression(
        cycles=float(values["cycles"]),
        cycle=str(values["cycle"]),
        loss=str(values["loss"]),
        penalty=float(values["penalty"]),
        centre=str(values["centre"]),
    )


def _window_regression_starters(shape: DatasetShape) -> tuple[Mapping[str, Value], ...]:  # noqa: ARG001
    return {"cycles": 1.0}, {"cycles": 4.0, "penalty": 0.3}


def _learner(
    name: str,
    label: str,
    space: "Callable[[DatasetShape], ConfigurationSpace]",
    build: Callable[[Mapping[str, Value], BuildContext], Any],
    seconds: Callable[[Mapping[str, Value], DatasetShape], float],
    *,
    anytime: bool = False,
    packages: tuple[str, ...] = (),
    starters: Callable[[DatasetShape], tuple[Mapping[str, Value], ...]] | None = None,
) -> Learner:
    return Learner(
        name=name,
        label=label,
        problems=_REGRESSION,
        space=space,
        build=build,
        expected_seconds=seconds,
        anytime=anytime,
        weighs=False,
        packages=packages,
        starters=starters,
    )


FORECASTERS: tuple[Learner, ...] = (
    _learner("naive", "naive", _naive_space, _naive, partial(_seconds, per_value=1e-7)),
    _learner("ces", "complex smoothing", _ces_space, _ces, partial(_seconds, per_value=6e-6)),
    _learner("ets", "exponential smoothing", _ets_space, _ets, partial(_seconds, per_value=3e-5)),
    _learner("theta", "optimised theta", _theta_space, _theta, partial(_seconds, per_value=8e-6)),
    _learner(
        "reduction",
        "boosted trees on windows",
        boosted_reduction.space,
        boosted_reduction.build,
        boosted_reduction.seconds,
        anytime=True,
        packages=("lightgbm",),
        starters=boosted_reduction.starters,
    ),
    _learner(
        "window_regression",
        "linear regression on windows",
        _window_regression_space,
        _window_regression,
        partial(_seconds, per_value=1e-4),
        starters=_window_regression_starters,
    ),
    _learner(
        "autoregression",
        "autoregression",
        _autoregression_space,
        _autoregression,
        partial(_seconds, per_value=3e-6),
    ),
    _learner(
        "harmonic",
        "harmonic regression",
        _harmonic_space,
        _harmonic,
        partial(_seconds, per_value=5e-6),
    ),
    _learner(
        "intermittent",
        "intermittent demand",
        _intermittent_space,
        _intermittent,
        partial(_seconds, per_value=3e-7),
    ),
)
"""The usual families, those that are most often good first: defaults are tried in this order."""

REDUCTIONS: tuple[Learner, ...] = (
    _learner(
        "step_reduction",
        "boosted trees for each part of the horizon",
        boosted_reduction.space,
        partial(boosted_reduction.build, apart=True),
        partial(boosted_reduction.seconds, times=3.0),
        anytime=True,
        packages=("lightgbm",),
    ),
    *(reduction_to(each) for each in LEARNERS.values() if ProblemKind.REGRESSION in each.problems),
)
"""Window-relative reductions by step, and to the families of tables; tried where they are named."""
