"""The method ``report`` of fitted forecasters."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from espalier.pipelines.automl.forecast.options import levels_of

if TYPE_CHECKING:  # a fitted estimator must load without what writes pages
    from pathlib import Path

    import pandas as pd

    from espalier.pipelines.automl.notebook.html_page import HtmlPage
    from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
    from espalier.pipelines.forecasting.input.table import SeriesTable
    from espalier.pipelines.forecasting.metrics import ForecastMetric
    from espalier.pipelines.forecasting.panel import Floats
    from espalier.pipelines.forecasting.scores import ScoredForecast
    from espalier.pipelines.pages.facts import ScoreFacts


class ForecastReports:
    """Base class of forecasters that write a report about themselves."""

    metric: str
    horizon: int
    target: str
    quantiles: Any
    cv_score_: float
    method_: str
    freq_: str
    notes_: tuple[str, ...]
    leaderboard_: "pd.DataFrame"
    backtest_: "pd.DataFrame"
    _table: "SeriesTable"
    _trials: tuple[dict[str, Any], ...]

    def report(self, path: "str | Path | None" = None) -> "HtmlPage":
        """Return a report about the forecast and how it was found, and write it to a file.

        Forecasts are shown beside what came at the newest origin of the back-test.

        Parameters
        ----------
        path : str, Path or None
            The HTML file, or one that ends in ``.md`` for Markdown without charts; None to write
            none.

        Returns
        -------
        HtmlPage
            The page; a notebook shows it.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        UserError
            The folder does not exist.
        """
        from espalier.pipelines.automl.notebook.html_page import HtmlPage
        from espalier.pipelines.automl.notebook.record import history_of
        from espalier.pipelines.explain.leaderboard import make_leaderboard
        from espalier.pipelines.forecasting.metrics import forecast_metric
        from espalier.pipelines.pages.facts import DataFacts, EnsembleFacts, PageFacts, SeriesFacts
        from espalier.pipelines.pages.forecast_screen import forecast_screen
        from espalier.pipelines.problem import ProblemKind
        from espalier.pipelines.trials.failures import failures_of

        check_is_fitted(self, "model_")
        metric = forecast_metric(self.metric)
        history = history_of(metric.metric, self._trials)
        weights = dict(zip(self.leaderboard_["trial"], self.leaderboard_["weight"], strict=True))
        explanation, scored = self._measured(metric)
        panel = self._table.panel
        series = SeriesFacts(n_series=len(panel), horizon=self.horizon, frequency=self.freq_)
        return HtmlPage.of(
            PageFacts(
                title=type(self).__name__,
                metric=metric.name,
                higher_is_better=False,
                data=DataFacts(
                    source="",
                    target=self.target,
                    problem=ProblemKind.REGRESSION,
                    n_rows=int(panel.observed.sum()),
                    n_columns=panel.n_covariates,
                    folds=f"{self.backtest_['origin'].nunique() if len(self.backtest_) else 0} "
                    "origins",
                    series=series,
                    notes=self.notes_,
                ),
                scored=scored,
                ensemble=EnsembleFacts(method=self.method_, cv_score=self.cv_score_),
                explanation=explanation,
                leaderboard=make_leaderboard(history, weights),
                failures=failures_of(history),
                first=None
                if scored is None
                else forecast_screen(
                    metric.name,
                    scored,
                    series,
                    explanation,
                    cv_score=self.cv_score_,
                    is_naive=self.method_ == "base",
                    failed_share=len(history.failures) / max(len(history), 1),
                ),
            ),
            path,
        )

    def _measured(
        self, metric: "ForecastMetric"
    ) -> "tuple[ForecastExplanation, ScoreFacts | None]":
        """Return what the back-test says of the forecast, and its score at the newest origin."""
        from espalier.pipelines.explain.backtest import Backtest
        from espalier.pipelines.explain.forecast_explanation import (
            ForecastExplanation,
            explain_forecast,
        )
        from espalier.pipelines.pages.facts import ScoreFacts
        from espalier.pipelines.serving.forecast_model import base_forecast

        if not len(self.backtest_):
            return ForecastExplanation(), None
        origins = sorted(int(each) for each in self.backtest_["origin"].unique())
        newest = origins[0]
        table = replace(self._table, panel=self._table.panel.before(newest))
        scored = self._scored(metric, newest)
        simple = base_forecast(table.panel, self.horizon)
        naive = replace(
            scored,
            made=simple,
            quantiles=np.repeat(simple[:, :, None], len(scored.levels), axis=2),
        )
        earlier = [self._scored(metric, each) for each in origins[1:]]
        backtest = Backtest(
            table=table,
            origins=tuple(each - newest for each in origins[1:]),
            blocks=tuple(earlier),
            has_quantiles=True,
        )
        explanation = explain_forecast(scored, naive, backtest)
        return explanation, ScoreFacts(
            score=scored.score,
            baseline=naive.score,
            interval=scored.interval(seed=0, other_blocks=[each.score for each in earlier]),
            n_rows=scored.n_values,
            compared_too=True,
        )

    def _scored(self, metric: "ForecastMetric", ahead: int) -> "ScoredForecast":
        """Return the back-test at an origin, so many steps before the end, beside what came."""
        from espalier.pipelines.forecasting.metrics import Scales
        from espalier.pipelines.forecasting.scores import ScoredForecast

        panel = self._table.panel
        actual = panel.actual(ahead, self.horizon)
        # The rows of the table are the observed cells of the block, series by series.
        cells = np.nonzero(np.isfinite(actual))
        rows = self.backtest_[self.backtest_["origin"] == ahead]
        levels = levels_of(self.quantiles)

        def block(column: str) -> "Floats":
            made = np.full(actual.shape, np.nan)
            made[cells] = rows[column].to_numpy(dtype=float)
            return made

        return ScoredForecast(
            metric=metric,
            actual=actual,
            made=block("prediction"),
            quantiles=np.stack([block(str(level)) for level in levels], axis=2),
            levels=levels,
            scales=Scales.of(panel.before(ahead)),
        )
