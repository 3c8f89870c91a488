"""`AutoMLForecaster`: a whole training over many series, from a table to quantiles."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from espalier import AutoMLForecaster
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.origins import origins_of
from espalier.pipelines.forecasting.panel import Panel

H = 6
QUANTILES = ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]


def sales(n: int = 12, length: int = 72, seed: int = 0) -> pd.DataFrame:
    """Return monthly sales of some shops, with season, trend and a campaign that is known."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2018-01-01", periods=length, freq="MS")
    parts = []
    for shop in range(n):
        steps = np.arange(length)
        level = rng.uniform(20, 300)
        campaign = (rng.random(length) < 0.2).astype(int)
        y = level * (1 + 0.3 * np.sin(2 * np.pi * steps / 12) + 0.004 * steps + 0.4 * campaign)
        y += 0.05 * level * rng.normal(size=length)
        parts.append(
            pd.DataFrame({"shop": f"s{shop}", "month": months, "sold": y, "campaign": campaign})
        )
    return pd.concat(parts, ignore_index=True)


def forecaster(**changes: Any) -> AutoMLForecaster:
    """Return a quick forecaster of sales."""
    given = {
        "horizon": H,
        "time_column": "month",
        "series_column": "shop",
        "target": "sold",
        "time_budget": None,
        "n_trials": 6,
        "n_jobs": 1,
    }
    return AutoMLForecaster(**(given | changes))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The sales without their last months."""
    frame = sales()
    return frame[frame.groupby("shop").cumcount(ascending=False) >= H]


@pytest.fixture(scope="module")
def later() -> pd.DataFrame:
    """The last months."""
    frame = sales()
    return frame[frame.groupby("shop").cumcount(ascending=False) < H]


@pytest.fixture(scope="module")
def fitted(table: pd.DataFrame) -> AutoMLForecaster:
    """A forecaster fitted to them."""
    return forecaster().fit(table)


def test_forecasts_come_under_the_users_names(
    fitted: AutoMLForecaster, later: pd.DataFrame
) -> None:
    made = fitted.predict()
    assert list(made.columns) == ["shop", "month", "prediction", *QUANTILES]
    assert len(made) == len(later)
    both = made.merge(later, on=["shop", "month"])
    assert len(both) == len(later)
    assert made["month"].dtype == later["month"].dtype


def test_it_beats_seasonal_naive(
    fitted: AutoMLForecaster, table: pd.DataFrame, later: pd.DataFrame
) -> None:
    both = fitted.predict().merge(later, on=["shop", "month"])
    error = (both["prediction"] - both["sold"]).abs().mean()
    last_year = table.assign(month=table["month"] + pd.DateOffset(years=1))
    naive = later.merge(last_year, on=["shop", "month"], suffixes=("", "_before"))
    assert len(naive) == len(later)
    assert error < 0.95 * (naive["sold"] - naive["sold_before"]).abs().mean()


def test_quantiles_do_not_cross_and_cover(fitted: AutoMLForecaster, later: pd.DataFrame) -> None:
    both = fitted.predict().merge(later, on=["shop", "month"])
    assert (np.diff(both[QUANTILES].to_numpy(), axis=1) >= 0).all()
    covered = ((both["sold"] >= both["0.1"]) & (both["sold"] <= both["0.9"])).mean()
    assert 0.6 <= covered <= 0.97


def test_what_is_known_ahead_helps(
    table: pd.DataFrame, later: pd.DataFrame, fitted: AutoMLForecaster
) -> None:
    model = forecaster(known_covariates=["campaign"], n_trials=8).fit(table)
    ahead = later.drop(columns="sold")
    with pytest.raises(UserError, match="the next 6 steps of 'campaign' are needed"):
        model.predict()
    made = model.predict(known_covariates=ahead)
    both = made.merge(later, on=["shop", "month"])
    plain = fitted.predict().merge(later, on=["shop", "month"])
    error, without = ((each["prediction"] - each["sold"]).abs().mean() for each in (both, plain))
    assert error < 0.85 * without
    # The same as rows of the history without a value.
    rows = pd.concat([table, ahead.assign(sold=np.nan)])
    again = model.predict(rows).sort_values(["shop", "month"])
    pd.testing.assert_frame_equal(
        again.reset_index(drop=True),
        made.sort_values(["shop", "month"]).reset_index(drop=True),
    )


def test_a_given_history_is_continued(fitted: AutoMLForecaster, table: pd.DataFrame) -> None:
    shorter = table[table.groupby("shop").cumcount(ascending=False) >= 2]
    made = fitted.predict(shorter)
    assert made["month"].min() == shorter["month"].max() + pd.DateOffset(months=1)
    pd.testing.assert_frame_equal(fitted.predict(table), fitted.predict())


def test_series_never_seen_are_forecast(fitted: AutoMLForecaster) -> None:
    new = sales(n=2, length=20, seed=9).assign(shop=lambda each: "new " + each["shop"])
    made = fitted.predict(new)
    assert made["shop"].unique().tolist() == ["new s0", "new s1"]
    assert np.isfinite(made[["prediction", *QUANTILES]].to_numpy()).all()


def test_the_search_can_be_looked_at(fitted: AutoMLForecaster) -> None:
    board = fitted.leaderboard_
    assert len(board) == 6
    assert board["score"].is_monotonic_increasing
    assert board["weight"].sum() == pytest.approx(1.0)
    assert fitted.freq_ == "MS"
    assert fitted.season_ == 12
    back = fitted.backtest_
    assert list(back.columns[:6]) == ["shop", "month", "origin", "step", "actual", "prediction"]
    assert sorted(back["origin"].unique()) == [
        H * n for n in range(1, back["origin"].nunique() + 1)
    ]
    assert 0 < fitted.cv_score_ <= board["score"].min() * 1.1


def test_the_backtest_has_what_came(fitted: AutoMLForecaster, table: pd.DataFrame) -> None:
    both = fitted.backtest_.merge(table, on=["shop", "month"])
    assert len(both) == len(fitted.backtest_)
    np.testing.assert_allclose(both["actual"], both["sold"])


def test_the_same_seed_gives_the_same_forecast_at_any_number_of_workers(
    fitted: AutoMLForecaster, table: pd.DataFrame
) -> None:
    parts = table.groupby("shop", sort=False)
    shuffled = pd.concat([rows.sample(frac=1.0, random_state=1) for _, rows in parts])
    again = forecaster(n_jobs=2).fit(shuffled)
    pd.testing.assert_frame_equal(again.predict(), fitted.predict())


def test_clone_and_pickle(fitted: AutoMLForecaster) -> None:
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.predict()
    again = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(again.predict(), fitted.predict())


@pytest.mark.parametrize("lengths", [[1], [2], [5], [1, 1, 1], [3, 1, 40]])
def test_series_of_a_few_rows(lengths: list[int]) -> None:
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {
                "series": f"s{place}",
                "time": pd.date_range("2024-01-01", periods=length),
                "target": rng.poisson(5, length),
            }
        )
        for place, length in enumerate(lengths)
    ]
    model = AutoMLForecaster(horizon=4, time_budget=None, n_trials=3, n_jobs=1)
    made = model.fit(pd.concat(parts)).predict()
    assert len(made) == 4 * len(lengths)
    values = made[["prediction", *QUANTILES]].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()  # no value was ever negative
    assert (made["0.9"] > made["0.1"]).any()


def test_one_series_needs_no_column_of_series() -> None:
    frame = pd.DataFrame({"time": range(40), "target": np.arange(40.0) % 5})
    model = AutoMLForecaster(horizon=3, time_budget=None, n_trials=3, n_jobs=1).fit(frame)
    made = model.predict()
    assert list(made.columns[:2]) == ["time", "prediction"]
    assert made["time"].tolist() == [40, 41, 42]


def test_quantiles_are_named_as_they_are_given() -> None:
    frame = pd.DataFrame({"time": range(40), "target": np.arange(40.0) % 5})
    model = AutoMLForecaster(
        horizon=3, time_budget=None, n_trials=2, n_jobs=1, quantiles=(0.95, 0.05, 0.5)
    )
    made = model.fit(frame).predict()
    assert list(made.columns[2:]) == ["0.95", "0.05", "0.5"]
    assert (made["0.95"] >= made["0.05"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"horizon": 0}, "horizon must be a whole number"),
        ({"horizon": 2.5}, "horizon must be a whole number"),
        ({"quantiles": (0.5, 1.5)}, "between 0 and 1"),
        ({"quantiles": ()}, "between 0 and 1"),
        ({"metric": "accuracy"}, "unknown metric 'accuracy'"),
        ({"families": ["arima"]}, "unknown family 'arima'"),
        ({"target": "profit"}, "lacks the column"),
        ({"n_trials": None}, "a budget needs seconds or trials"),
        ({"season": 0}, "season must be at least 1"),
    ],
)
def test_wrong_options_are_named(
    changes: dict[str, Any], message: str, table: pd.DataFrame
) -> None:
    with pytest.raises(UserError, match=message):
        forecaster(**changes).fit(table)


@pytest.mark.parametrize("metric", ["rmsse", "wql", "smape"])
def test_every_metric_can_be_optimised(metric: str, table: pd.DataFrame) -> None:
    model = forecaster(metric=metric, n_trials=3).fit(table)
    assert model.cv_score_ > 0


def test_origins_are_as_many_as_fit() -> None:
    def panel(*lengths: int, season: int = 1) -> Panel:
        return Panel.of([np.arange(float(n)) for n in lengths], season=season)

    assert origins_of(panel(100), 10) == tuple(range(10, 100, 10))
    assert len(origins_of(panel(500), 10)) == 12  # one series tells little at each
    assert len(origins_of(panel(120_000), 10)) == 6  # a trial of a long one would take long
    assert origins_of(panel(100, season=12), 24) == (24, 48, 72)
    assert origins_of(panel(7, 8, 9), 4) == (4,)
    assert origins_of(panel(5, 2), 28) == (2,)
    assert origins_of(panel(1, 1), 28) == ()
    assert len(origins_of(panel(*[100] * 60), 10)) == 3


def test_no_trial_in_time_gives_seasonal_naive_and_says_so(table: pd.DataFrame) -> None:
    model = forecaster(time_budget=0.01, n_trials=None)
    with pytest.warns(UserWarning, match="the forecast is seasonal naive: the time was up"):
        model.fit(table)
    made = model.predict()
    last_year = table.groupby("shop", sort=False).tail(12).groupby("shop", sort=False).head(H)
    np.testing.assert_allclose(made["prediction"], last_year["sold"])
    assert np.isfinite(made[QUANTILES].to_numpy()).all()


@pytest.mark.slow
def test_a_time_budget_is_used_and_kept() -> None:
    import time

    began = time.monotonic()
    model = forecaster(time_budget=12, n_trials=None, n_jobs=2).fit(sales(n=40))
    assert len(model.leaderboard_) > 5
    assert time.monotonic() - began < 12 * 1.05 + 5


def test_experience_says_what_is_tried_first(
    table: pd.DataFrame, maker: Any, tmp_path: Any
) -> None:
    from espalier.pipelines.experience.fit import fit_knowledge
    from espalier.pipelines.experience.fitted import write_fitted
    from tests.experience_maker import lawful_error

    records = maker.knowledge(lawful_error, 4, 21, series=True)
    knowledge = fit_knowledge(records, seed=0, series=True)
    write_fitted(tmp_path / "forecasts", knowledge, records)
    warm = forecaster(n_trials=4, experience=tmp_path).fit(table)
    tried = warm.leaderboard_.sort_values("trial")
    assert set(tried["family"]) <= {"ces", "ets", "reduction"}
    assert tried["family"].iloc[0] == "ces"


def test_without_experience_the_families_take_their_turns(
    table: pd.DataFrame, tmp_path: Any
) -> None:
    cold = forecaster(n_trials=3).fit(table)
    families = cold.leaderboard_.sort_values("trial")["family"].tolist()
    assert families == ["naive", "ces", "ets"]
    with pytest.raises(UserError, match="holds no fitted experience"):
        forecaster(n_trials=3, experience=tmp_path).fit(table)
