"""The forecasting estimator: a whole AutoML run over many series behind ``fit``."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from espalier.pipelines.automl.forecast.options import horizon_of, levels_of, names_of
from espalier.pipelines.automl.notebook.forecast_reporting import ForecastReports
from espalier.pipelines.automl.notebook.shown import ForecastShown
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.metrics import forecast_metric
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.resources.cores import own_cores, usable_cores
from espalier.pipelines.resources.memory import workers_within
from espalier.pipelines.serving.series_forecaster import SeriesForecaster
from espalier.pipelines.surroundings import undisturbed

if TYPE_CHECKING:  # a fitted estimator must load without the search
    from espalier.pipelines.automl.forecast.settings import ForecastResult


class AutoMLForecaster(ForecastReports, ForecastShown, BaseEstimator):
    """Finds, tunes and combines forecasters for one or many series, with quantiles.

    Parameters
    ----------
    horizon : int
        Steps to forecast.
    time_column, series_column, target : str
        Names of the columns. For a single series ``series_column`` is None, or not there.
    freq : str, int or None
        Step from one time to the next: an alias of pandas (``"D"``, ``"MS"``, ``"15min"``), a
        whole number for times that are numbers, or None to infer it.
    known_covariates : sequence of str
        Columns that are known for the future too, such as prices and holidays.
    quantiles : sequence of float
        Levels in (0, 1) of the quantiles that `predict` gives.
    time_budget : float or None
        Seconds that ``fit`` may take; None for no limit.
    n_trials : int or None
        Number of configurations to evaluate; None for as many as the time allows. With a number
        and no ``time_budget`` the same ``random_state`` gives the same model.
    metric : str
        Metric to optimise: ``mase``, ``rmsse``, ``smape``, ``wape``, ``mae``, ``rmse``, ``wql`` or
        ``scrps``.
    n_jobs : int or None
        Number of trials that run at the same time; None for all cores.
    random_state : int, RandomState or None
        Seed of everything random.
    season : int or None
        Steps after which the pattern repeats; None to find it by frequency and values.
    families : sequence of str or None
        Families to try: ``naive``, ``ces``, ``ets``, ``theta``, ``reduction``,
        ``window_regression``, ``autoregression``, ``harmonic``, ``intermittent``; None for all
        that suit the series.
    verbose : int
        Whether to print notes and a line for every trial.
    past_covariates : sequence of str
        Columns that are known only as far as the values; their future is never needed.
    static : sequence of str
        Columns that have one value for each series.
    holidays : str or sequence of str
        Countries (``"DE"``) or parts of them (``"DE-BY"``) whose public holidays are known
        covariates; needs the package ``holidays``.
    hierarchy : sequence of str
        Columns that the series add up by, the widest first, such as ``("region", "store")``, in
        the place of ``series_column``. Sums are forecast too, with empty cells in the columns of
        the levels below, and the forecasts add up.
    wide : bool
        Whether the table has a column for each series beside that of the times. Forecasts are
        long all the same, under the names ``series_column`` and ``target``.
    experience : str, path or None
        What is tried first: a folder of `espalier experience fit` that was given series, or None
        for each family's default, as is ``"auto"`` while no experience of forecasts ships.

    Attributes
    ----------
    leaderboard_ : DataFrame
        All trials, the best first; ``weight`` is the share in the forecast.
    backtest_ : DataFrame
        Forecasts and quantiles at the origins of the search, with what came (``actual``).
    cv_score_ : float
        The metric at those origins, with weights that were fitted to others.
    method_ : str
        How the forecasts are combined.
    adds_up_by_ : str or None
        How the forecasts of a hierarchy were made to add up: ``bottom-up``, ``structural``,
        ``variances`` or ``MinT``; None without one.
    freq_, season_ : str, int
        The step and the main season.
    notes_ : tuple of str
        What was found and done in reading the table.
    model_ : ForecastModel
        The members and how they are combined.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> days = pd.date_range("2026-01-01", periods=60)
    >>> sales = pd.DataFrame({"time": days, "target": 10.0 + np.arange(60) % 7})
    >>> model = AutoMLForecaster(horizon=7, time_budget=None, n_trials=2, n_jobs=1)
    >>> model.fit(sales).predict().shape
    (7, 11)
    """

    def __init__(
        self,
        horizon: int = 28,
        time_column: str = "time",
        series_column: str | None = "series",
        target: str = "target",
        freq: str | int | None = None,
        known_covariates: Sequence[str] = (),
        quantiles: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        time_budget: float | None = 60,
        n_trials: int | None = None,
        metric: str = "mase",
        n_jobs: int | None = None,
        random_state: Any = 0,
        season: int | None = None,
        families: Sequence[str] | None = None,
        verbose: int = 0,
        past_covariates: Sequence[str] = (),
        static: Sequence[str] = (),
        holidays: str | Sequence[str] = (),
        hierarchy: Sequence[str] = (),
        wide: bool = False,
        experience: "str | Path | None" = "auto",
    ) -> None:
        self.horizon = horizon
        self.time_column = time_column
        self.series_column = series_column
        self.target = target
        self.freq = freq
        self.known_covariates = known_covariates
        self.quantiles = quantiles
        self.time_budget = time_budget
        self.n_trials = n_trials
        self.metric = metric
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.season = season
        self.families = families
        self.verbose = verbose
        self.past_covariates = past_covariates
        self.static = static
        self.holidays = holidays
        self.hierarchy = hierarchy
        self.wide = wide
        self.experience = experience

    @undisturbed
    def fit(self, df: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Search, combine the best forecasters, and fit them to all values.

        Parameters
        ----------
        df : DataFrame
            One row for each series and time, in any order. Further columns are not used.
        y : None
            Not used.

        Returns
        -------
        self

        Raises
        ------
        UserError
            The table or a parameter is wrong; the message says which. It is a ValueError.
        """
        # Imported late: a fitted estimator predicts without the search and its packages.
        from espalier.pipelines.automl.forecast.advice import experience_of_forecasts
        from espalier.pipelines.automl.forecast.settings import ForecastSettings
        from espalier.pipelines.automl.forecast.training import train_forecast
        from espalier.pipelines.automl.notebook.live import shown_trials

        budget = Budget(seconds=self.time_budget, trials=self.n_trials)
        deadline = budget.begin()
        metric = forecast_metric(self.metric)
        levels = levels_of(self.quantiles)
        horizon = horizon_of(self.horizon)
        columns = self._columns(df)
        table = read_series(df, columns, freq=self.freq, season=self.season)
        settings = ForecastSettings(
            horizon=horizon,
            quantiles=levels,
            metric=metric,
            budget=budget,
            n_workers=self._n_workers(),
            seed=self._seed(),
            families=None if self.families is None else tuple(self.families),
            experience=experience_of_forecasts(self.experience),
        )
        if self.verbose:
            print(*table.notes, sep="\n")  # noqa: T201
        with shown_trials(metric.metric, budget, verbose=self.verbose) as heard:
            result = train_forecast(table, columns, settings, deadline=deadline, on_result=heard)
        self._keep(table, columns, result)
        return self

    def predict(
        self, df: pd.DataFrame | None = None, known_covariates: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return the forecasts that follow a history.

        Parameters
        ----------
        df : DataFrame or None
            The history to continue, of the same columns as in `fit`; series that were never seen
            may be among them. None for the history that was fitted to.
        known_covariates : DataFrame or None
            Series, times and known covariates of the next steps. They may also be rows of ``df``
            without a value.

        Returns
        -------
        DataFrame
            Series and time under their names and of their types, ``prediction``, and a column for
            every quantile, such as ``"0.1"``; ``horizon`` rows for each series.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        UserError
            The history is wrong, or known covariates are missing.
        """
        check_is_fitted(self, "model_")
        table = self._table
        if df is not None or known_covariates is not None:
            table = read_series(
                self._history if df is None else df,
                self._fitted_columns,
                like=self._table,
                ahead=known_covariates if self._fitted_columns.known_covariates else None,
            )
        forecaster = SeriesForecaster(
            model=self.model_,
            table=self._table,
            columns=self._fitted_columns,
            quantiles=tuple(self.quantiles),
        )
        return forecaster.forecast(
            table, hint="give them by known_covariates=, or as rows without a value"
        )

    def _keep(self, table: SeriesTable, columns: SeriesColumns, result: "ForecastResult") -> None:
        """Keep what is needed to predict, and what the user may look at."""
        from espalier.pipelines.automl.forecast.tables import backtest_frame, leaderboard_frame

        self._table, self._fitted_columns = table, columns
        self.model_ = result.model
        self.cv_score_ = result.cv_score
        self.method_ = "base" if result.choice is None else result.choice.method
        rule = result.model.reconciliation
        self.adds_up_by_ = None if rule is None else rule.method
        self.leaderboard_ = leaderboard_frame(result)
        self.backtest_ = backtest_frame(result, table, columns, tuple(self.quantiles))
        self.freq_, self.season_ = table.frequency.label, table.panel.season
        self.notes_ = table.notes
        self._trials = tuple(each.to_dict() for each in result.history.ordered)
        self.n_features_in_ = len(columns.covariates) + len(columns.static)

    @property
    def _history(self) -> pd.DataFrame:
        """The fitted history as a long table, as far as the models use it."""
        return self._table.frame(self._fitted_columns)

    def _columns(self, df: pd.DataFrame) -> SeriesColumns:
        series = self.series_column
        if series == "series" and isinstance(df, pd.DataFrame) and series not in df.columns:
            series = None  # the default name: a single series has no such column
        if self.wide and (self.static or self.hierarchy):
            raise UserError(
                "a wide table has no place for static covariates or a hierarchy; give a long one"
            )
        return SeriesColumns(
            time=self.time_column,
            target=self.target,
            series=series,
            known_covariates=names_of(self.known_covariates),
            past_covariates=names_of(self.past_covariates),
            static=names_of(self.static),
            holidays=tuple(place.upper() for place in names_of(self.holidays)),
            hierarchy=names_of(self.hierarchy),
            wide=self.wide,
        ).named()

    def _n_workers(self) -> int:
        if self.n_jobs is None:
            wanted = own_cores()
        elif self.n_jobs < 0:
            wanted = max(1, usable_cores() + 1 + self.n_jobs)
        else:
            wanted = max(1, self.n_jobs)
        return workers_within(None, wanted)

    def _seed(self) -> int:
        state = self.random_state
        if isinstance(state, int | np.integer) and not isinstance(state, bool):
            return int(state)
        return int(check_random_state(state).randint(math.floor(2**31 - 1)))
