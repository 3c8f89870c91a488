"""A fitted forecast: members, how they are combined, and quantiles. It forecasts any panel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from espalier.pipelines.ensemble.horizon.quantiles import QuantileModel
from espalier.pipelines.ensemble.horizon.reconcile import BOTTOM_UP, Reconciliation
from espalier.pipelines.ensemble.horizon.records import Floats
from espalier.pipelines.ensemble.horizon.rules import ForecastRule
from espalier.pipelines.evaluation.forecast_context import usable
from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.input.hierarchy import Hierarchy
from espalier.pipelines.forecasting.metrics import Scales
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.resources.budget import NEVER, Deadline

BASE_METHOD = "seasonal naive"
"""What the way to combine is called where the base forecast is the answer."""


class FittedForecaster(Protocol):
    """What a member can do."""

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts of what follows a panel, shape (S, H)."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForecastModel:
    """Members combined over the horizon.

    Attributes
    ----------
    members : tuple of FittedForecaster
        In the order of the rule's numbers; none where the base forecast is the answer.
    rule : ForecastRule or None
        How they are combined; None for the base forecast.
    quantile_model : QuantileModel
        Turns forecasts into quantiles.
    names : tuple
        Names of the series that the factors of the quantile model belong to.
    horizon : int
        Steps to forecast.
    floor : float or None
        No forecast is below it; 0 where no value ever was negative.
    reconciliation : Reconciliation or None
        How forecasts of a hierarchy are made to add up; None where there is none.
    """

    members: Sequence[FittedForecaster] = field(repr=False)
    rule: ForecastRule | None
    quantile_model: QuantileModel = field(repr=False)
    names: tuple[object, ...] = field(repr=False)
    horizon: int
    floor: float | None = None
    reconciliation: Reconciliation | None = None

    def forecast(
        self, panel: Panel, names: Sequence[object], hierarchy: Hierarchy | None = None
    ) -> tuple[Floats, Floats]:
        """Return forecasts (S, H) and quantiles (S, H, Q) of what follows a panel.

        Parameters
        ----------
        panel : Panel
            The history of every series, of at least one value.
        names : sequence
            Their names; a series that was never seen gets the common quantiles.
        hierarchy : Hierarchy or None
            Which of the series add up to which: the forecasts then do so too. Their quantiles are
            those of each series alone, around its forecast: quantiles do not add up.
        """
        base = base_forecast(panel, self.horizon)
        scales = unit_scales(panel)
        made = base
        if self.rule is not None and self.members:
            parts = [usable(each.forecast(panel, self.horizon), panel) for each in self.members]
            units = np.stack([(part - base) / scales[:, None] for part in parts])
            made = base + scales[:, None] * self.rule.apply(units)
        if hierarchy is not None:
            rule = self.reconciliation or Reconciliation(method=BOTTOM_UP)
            made = rule.adjust(made, hierarchy.sums(names), names, scales, self.floor)
        known = dict(zip(self.names, self.factors, strict=True))
        factors = np.array([known.get(name, 1.0) for name in names])
        quantiles = self.quantile_model.quantiles(made, spread_scales(panel), factors)
        if self.floor is not None:
            made, quantiles = np.maximum(made, self.floor), np.maximum(quantiles, self.floor)
        return made, quantiles

    @property
    def factors(self) -> Floats:
        """Own factor of every series that was seen."""
        return self.quantile_model.factors


def base_forecast(panel: Panel, horizon: int) -> Floats:
    """Return the seasonal naive forecast, from which the others are measured, shape (S, H)."""
    return NaiveForecaster().forecast(panel, horizon)


def unit_scales(panel: Panel) -> Floats:
    """Return the scale of each series, shape (S,); a small one where all values are equal."""
    scales = Scales.of(panel).absolute
    last = np.abs(np.nan_to_num(panel.tail(1)[:, 0]))
    return np.where(np.isfinite(scales), scales, np.where(last > 0, 0.1 * last, 1.0))


def spread_scales(panel: Panel) -> Floats:
    """Return what a series' errors are expected to grow with, shape (S,).

    That is its changes and, where no value is negative, its level of the last season: the
    geometric mean of the two, as series that grow are missed by more than their past changes say.
    """
    scales = unit_scales(panel)
    recent = panel.tail(max(panel.season, 3))
    known = np.isfinite(recent)
    sums = np.where(known, np.abs(recent), 0.0).sum(axis=1)
    level = sums / np.maximum(known.sum(axis=1), 1)
    positive = np.where(known, recent, 0.0).min(axis=1) >= 0
    usual = np.clip(level, 0.1 * scales, None)
    return np.where(positive, np.sqrt(scales * usual), scales)
