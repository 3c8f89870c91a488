"""Window-relative reduction: one pooled model of what a base forecast misses.

A training row is a (series, origin, step); its features are those of `windows`, its target is the
residual of the base forecast in units of the window's mean seasonal change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np

from espalier.pipelines.forecasting.families.apart import Regressor, fit_apart
from espalier.pipelines.forecasting.families.ces import ComplexSmoothing
from espalier.pipelines.forecasting.families.grid_model import GridForecaster
from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.families.theta import OptimisedTheta
from espalier.pipelines.forecasting.families.window_regression import WindowRegression
from espalier.pipelines.forecasting.families.windows import (
    Windows,
    look,
    rows_at,
    seasonal_lags,
    step_column,
    window_length,
)
from espalier.pipelines.forecasting.panel import Floats, Ints, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults
from espalier.pipelines.trials.configuration import Value

BASES = ("ces", "seasonal_naive", "theta", "linear")
"""The forecasts whose residual a reduction may fit."""
CHEAP_BASES = ("seasonal_naive", "linear")
"""Those that may be forecast at every origin."""
LAGS = ("near", "seasons")
"""What rows show beside the window: the last season's value, or also those around it, a longest
season's, and means of them."""

# A residual of so many seasonal changes is an outlier.
_LARGEST_TARGET = 10.0
_FEWEST_VALUES = 3
_CHUNK = 20_000
# The base is forecast anew at each origin; a slow one at fewer of them.
_BASE_ORIGINS = 16
_LONGEST, _SHARPNESS, _RECENT = 400, 0.3, 4


class Base(Protocol):
    """A forecaster that needs no fit of its own."""

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> "Base":
        """Return the fitted forecaster."""
        ...

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return forecasts, shape (S, H)."""
        ...


def base_of(name: str) -> Base:
    """Return the base forecaster called ``name``, one of `BASES`, in its usual form."""
    if name == "seasonal_naive":
        return NaiveForecaster()
    if name == "linear":
        return WindowRegression()
    model = ComplexSmoothing(recent=_RECENT) if name == "ces" else OptimisedTheta(recent=_RECENT)
    return GridForecaster(model=model, longest=_LONGEST, sharpness=_SHARPNESS)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReductionForecaster:
    """A pooled model of the residual of a base forecast.

    Attributes
    ----------
    fit_rows : callable (X, y, weights, deadline) -> Regressor
        Fits the model; a module-level function or a partial of one, so that it pickles.
    base : Base
        The base forecast.
    base_is_cheap : bool
        Whether the base may be forecast at every origin.
    window : int
        Wanted number of last values.
    most_rows : int
        Largest number of training rows.
    seed : int
        Seed of the rows that are drawn.
    regressor : Regressor or None
        The fitted model; None before `fit`, or where there was nothing to learn from.
    apart : bool
        Whether each part of the horizon has a model of its own.
    lags : str
        One of `LAGS`. Fields that came later are the last ones, since pickles of earlier versions
        hold their values in order.
    """

    fit_rows: Callable[[Floats, Floats, Floats, Deadline], Regressor]
    base: Base
    base_is_cheap: bool = True
    window: int = 12
    most_rows: int = 60_000
    seed: int = 0
    regressor: Regressor | None = field(default=None, repr=False)
    apart: bool = False
    lags: str = "near"

    __setstate__ = set_state_with_defaults

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:
        """Return the forecaster with its base and model fitted to all origins of these series."""
        base = self.base.fit(panel, horizon, deadline)
        fitted = replace(self, base=base)
        X, y, weights = fitted._rows(panel, horizon, deadline)
        if len(y) < 20:
            return fitted
        if not self.apart:
            return replace(fitted, regressor=self.fit_rows(X, y, weights, deadline))
        column = step_column(look(panel.take(np.arange(1)), *self._sizes(panel)))
        regressor = fit_apart(self.fit_rows, column, horizon, X, y, weights, deadline)
        return replace(fitted, regressor=regressor)

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        made = self.base.forecast(panel, horizon, deadline)
        if self.regressor is None:
            return made
        length, shown = self._sizes(panel)
        steps = np.arange(horizon)
        per_chunk = max(1, _CHUNK // horizon)
        rows = np.flatnonzero(panel.lengths > 0)
        for at in range(0, len(rows), per_chunk):
            deadline.check()
            some = rows[at : at + per_chunk]
            part = panel.take(some)
            windows = look(part, length, shown)
            X = self._features(part, windows, made[some], steps)
            missed = np.asarray(self.regressor.predict(X.reshape(-1, X.shape[2])))
            missed = np.clip(missed, -_LARGEST_TARGET, _LARGEST_TARGET)
            made[some] += missed.reshape(len(some), horizon) * windows.scale[:, None]
        return made

    def _sizes(self, panel: Panel) -> tuple[int, int]:
        """Return the length of the window and how much of it is shown."""
        length = window_length(panel.season, self.window)
        return length, min(length, self.window)

    def _features(self, panel: Panel, windows: Windows, base: Floats, steps: Ints) -> Floats:
        """Return the features of the steps after an origin, shape (S, len(steps), F)."""
        X = rows_at(panel, windows, base, steps)
        if self.lags == "near":
            return X
        return np.concatenate([X, seasonal_lags(panel, windows, base, steps)], axis=2)

    def _rows(
        self, panel: Panel, horizon: int, deadline: Deadline
    ) -> tuple[Floats, Floats, Floats]:
        """Return features, targets and weights of the training rows."""
        rng = generator(self.seed, "reduction rows")
        length, shown = self._sizes(panel)
        longest = int(panel.lengths.max(initial=0)) - _FEWEST_VALUES
        if longest < 1:
            return np.zeros((0, 0)), np.zeros(0), np.zeros(0)
        origins = self._origins(panel, horizon, longest, rng)
        share = self.most_rows / len(origins)
        found: list[tuple[Floats, Floats, Floats]] = []
        for ahead in origins:
            deadline.check()
            before = panel.before(int(ahead))
            usable = np.flatnonzero(before.lengths >= min(_FEWEST_VALUES, longest))
            n_steps = int(min(ahead, horizon))
            most = max(1, int(share / n_steps))
            if len(usable) > most:
                usable = np.sort(rng.choice(usable, most, replace=False))
            if not len(usable):
                continue
            part = before.take(usable)
            base = self.base.forecast(part, horizon, deadline)
            windows = look(part, length, shown)
            steps = np.arange(n_steps)
            if n_steps > share:
                steps = np.sort(rng.choice(steps, max(1, int(share)), replace=False))
            X = self._features(part, windows, base, steps)
            actual = panel.take(usable).actual(int(ahead), horizon)[:, steps]
            target = (actual - base[:, steps]) / windows.scale[:, None]
            known = np.isfinite(target)
            weights = np.ones_like(target)
            clipped = np.clip(target[known], -_LARGEST_TARGET, _LARGEST_TARGET)
            found.append((X[known], clipped, weights[known]))
        if not found:
            return np.zeros((0, 0)), np.zeros(0), np.zeros(0)
        return (
            np.concatenate([each[0] for each in found]),
            np.concatenate([each[1] for each in found]),
            np.concatenate([each[2] for each in found]),
        )

    def _origins(
        self, panel: Panel, horizon: int, longest: int, rng: np.random.Generator
    ) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Return how many steps before the end the origins are.

        All of them if they give few rows, otherwise evenly spread, so that every phase of a season
        is there; a partial horizon is used where a series has no more.
        """
        rows_each = int((panel.lengths > _FEWEST_VALUES).sum()) * horizon
        most = int(np.clip(2.0 * self.most_rows / max(rows_each, 1), 12, 1500))
        if not self.base_is_cheap:
            most = min(most, _BASE_ORIGINS)
        if longest <= most:
            return np.arange(1, longest + 1)
        first = min(max(1, horizon // 4), longest)
        # A jittered walk: even steps would meet the same phases of a season again and again.
        edges = np.linspace(first, longest + 1, most + 1)
        drawn = edges[:-1] + rng.random(most) * np.diff(edges)
        return np.unique(np.clip(drawn.astype(np.int64), 1, longest))


def build_reduction(
    fit_rows: Callable[[Floats, Floats, Floats, Deadline], Regressor],
    base: str,
    values: Mapping[str, Value],
    seed: int,
) -> ReductionForecaster:
    """Return the reduction to a model of rows on the base called ``base``, one of `BASES`.

    ``values`` holds ``window`` and ``most_rows``.
    """
    return ReductionForecaster(
        fit_rows=fit_rows,
        base=base_of(base),
        base_is_cheap=base in CHEAP_BASES,
        window=int(values["window"]),
        most_rows=int(values["most_rows"]),
        seed=seed,
    )


def fit_lightgbm(
    X: Floats,
    y: Floats,
    weights: Floats,
    deadline: Deadline,
    *,
    rounds: int,
    learning_rate: float,
    num_leaves: int,
    min_data: int,
    feature_share: float,
    loss: str,
    seed: int,
    n_threads: int = 1,
) -> Regressor:
    """Return boosted trees fitted to the rows; fewer rounds where the deadline comes.

    Raises
    ------
    TimeoutError
        The deadline has passed before the first round.
    """
    import lightgbm

    deadline.check()
    options = {
        "objective": loss,
        "learning_rate": learning_rate,
        "num_leaves": num_leaves,
        "min_data_in_leaf": max(1, min(min_data, len(y) // 20)),
        "feature_fraction": feature_share,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "seed": seed,
        "num_threads": n_threads,
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
    }

    def stop_in_time(env: Any) -> None:
        if deadline.passed:
            raise lightgbm.callback.EarlyStopException(env.iteration, [])

    data = lightgbm.Dataset(X.astype(np.float32), label=y, weight=weights, free_raw_data=True)
    return lightgbm.train(options, data, num_boost_round=rounds, callbacks=[stop_in_time])
