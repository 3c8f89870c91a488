"""A saved forecast takes anybody's rows, and is recognised when it is opened."""

import datetime
import json
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

from espalier import AutoMLForecaster
from espalier.pipelines.errors import UserError
from espalier.pipelines.serving.golden_rows import Answers
from espalier.pipelines.serving.saved_forecast import (
    GOLDEN_FILE,
    ServedForecast,
    load_forecast,
    open_forecast,
    save_forecast,
)
from espalier.pipelines.serving.series_forecaster import SeriesForecaster

H = 5


def history(series=(7, 8, 9), n=60):
    """Return daily values of some series, with a price that is known ahead."""
    rng = np.random.default_rng(0)
    parts = []
    for place, name in enumerate(series):
        price = np.where(rng.random(n) < 0.3, 1.0, 2.0)
        units = 50.0 + 10 * place + 8 * np.sin(2 * np.pi * np.arange(n) / 7) - 5 * price
        units += rng.normal(size=n)
        day = pd.date_range("2025-01-01", periods=n)
        parts.append(pd.DataFrame({"shop": name, "day": day, "units": units, "price": price}))
    return pd.concat(parts, ignore_index=True)


def fitted(table, **options):
    """Return a quickly trained forecaster as it is served."""
    given = {
        "horizon": H,
        "time_column": "day",
        "series_column": "shop" if "shop" in table else None,
        "target": "units",
        "quantiles": (0.1, 0.5, 0.9),
        "time_budget": None,
        "n_trials": 2,
        "families": ["naive", "harmonic"],
        "n_jobs": 1,
    }
    model = AutoMLForecaster(**(given | options)).fit(table)
    return SeriesForecaster(
        model=model.model_,
        table=model._table,
        columns=model._fitted_columns,
        quantiles=(0.1, 0.5, 0.9),
        metric="mase",
        method=model.method_,
    )


@pytest.fixture(scope="module")
def forecaster():
    return fitted(history())


KINDS = {
    "stamps": lambda day: day,
    "text": lambda day: day.dt.strftime("%Y-%m-%d"),
    "day first": lambda day: day.dt.strftime("%d/%m/%Y"),
    "dates": lambda day: day.dt.date,
    "a zone": lambda day: day.dt.tz_localize("Europe/Berlin"),
    "periods": lambda day: day.dt.to_period("D"),
    "numbers": lambda day: (day - pd.Timestamp("2024-12-31")).dt.days,
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_times_of_every_kind_come_back_as_they_were_given(kind, tmp_path):
    table = history(series=("a", "b"))
    after = KINDS[kind](pd.Series(pd.date_range("2025-03-02", periods=H)))
    table["day"] = KINDS[kind](table["day"])
    model = fitted(table, families=["naive"])
    place = save_forecast(model, tmp_path / "model", golden=table.groupby("shop").tail(12))
    opened = open_forecast(place)
    assert opened.check.golden.answers is Answers.SAME
    assert opened.check.lines == ()
    for rows in (table, table.groupby("shop").tail(2)):
        made = opened.forecaster.predict(rows)
        assert list(made.columns) == ["shop", "day", "prediction", "0.1", "0.5", "0.9"]
        assert made["day"].head(H).tolist() == after.tolist()
        assert np.isfinite(made[["prediction", "0.1", "0.9"]].to_numpy()).all()


def test_the_newest_rows_are_enough(forecaster):
    table = history()
    whole = forecaster.predict(table)
    assert whole["shop"].dtype == table["shop"].dtype
    recent = forecaster.predict(table.groupby("shop").tail(1))
    pd.testing.assert_frame_equal(recent, whole)
    # Rows in another order, and of fewer series: those that are asked for, in their order.
    some = table[table["shop"] != 8].sample(frac=1.0, random_state=0)
    expected = whole[whole["shop"] != 8].sort_values(["shop", "day"]).reset_index(drop=True)
    made = forecaster.predict(some).sort_values(["shop", "day"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(made, expected)


def test_new_values_move_the_origin(forecaster):
    table = history()
    day = pd.Timestamp("2025-03-02")
    new = pd.DataFrame({"shop": [7, 7], "day": [day, day + pd.Timedelta(days=1)], "units": 90.0})
    made = forecaster.predict(new)
    assert made["day"].iloc[0] == day + pd.Timedelta(days=2)
    long = pd.concat([table[table["shop"] == 7], new])
    pd.testing.assert_frame_equal(made, forecaster.predict(long))


def test_rows_long_after_the_training_are_a_history_of_their_own(forecaster):
    rows = history(series=(7,)).assign(
        day=pd.date_range("2027-01-01", periods=60), units=1000.0 + np.arange(60) % 7
    )
    made = forecaster.predict(rows)
    assert (made["prediction"] - 1000).abs().max() < 60


def test_series_never_seen_and_of_one_value_are_forecast(forecaster):
    rows = pd.DataFrame({"shop": [1, 2], "day": ["2025-03-01"] * 2, "units": [5.0, 7.0]})
    rows["day"] = pd.to_datetime(rows["day"])
    made = forecaster.predict(rows)
    assert made["shop"].tolist() == [1] * H + [2] * H
    assert np.isfinite(made.drop(columns=["shop", "day"]).to_numpy()).all()


def test_the_future_of_known_covariates_is_rows_without_a_value(tmp_path):
    table = history()
    model = fitted(table, known_covariates=["price"])
    with pytest.raises(UserError, match="next 5 steps of 'price' are needed; give them as rows"):
        model.predict(table)
    plan = history(n=60 + H).groupby("shop").tail(H)
    cheap, dear = (
        model.predict(plan.assign(price=price).drop(columns="units")) for price in (1.0, 2.0)
    )
    assert len(cheap) == 3 * H
    assert cheap["prediction"].mean() > dear["prediction"].mean() + 2.0
    with_history = pd.concat([table, plan.assign(price=1.0, units=np.nan)])
    pd.testing.assert_frame_equal(model.predict(with_history), cheap)
    with pytest.raises(UserError, match="'price' held numbers when the model was trained"):
        model.predict(plan.assign(price="cheap", units=np.nan))


def test_a_single_series_needs_no_name():
    table = history(series=("only",)).drop(columns=["shop", "price"])
    made = fitted(table).predict(table.tail(3))
    assert list(made.columns) == ["day", "prediction", "0.1", "0.5", "0.9"]
    assert len(made) == H


def test_rows_of_another_kind_are_refused_in_one_line(forecaster):
    table = history()
    for rows, said in (
        (table.drop(columns="day"), "the table lacks the column\\(s\\) 'day'"),
        (table.assign(day=range(len(table))), "times are of another kind"),
        (table.assign(units="many"), "target 'units' must hold numbers"),
        (pd.concat([table, table]), "appear twice"),
        (table.assign(shop=None), "has empty cells"),
    ):
        with pytest.raises(UserError, match=said):
            forecaster.predict(rows)


def test_a_changed_forecast_is_noticed(forecaster, tmp_path):
    golden = history().groupby("shop").tail(10)
    place = save_forecast(forecaster, tmp_path, golden=golden)
    assert load_forecast(place).horizon == H
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["task"] == "forecast"
    assert manifest["columns"] == ["shop", "day", "units"]
    rows, answers = joblib.load(place / GOLDEN_FILE)
    joblib.dump((rows, answers * 1.1), place / GOLDEN_FILE)
    check = open_forecast(place).check
    assert check.golden.answers is Answers.DIFFERENT
    with pytest.raises(UserError, match="differently than it did"):
        check.require_same_answers("sales/1")
    with pytest.raises(UserError, match="holds no saved forecast"):
        open_forecast(tmp_path / "nowhere")


def test_mlflow_may_give_rows_as_lists(forecaster):
    rows = history().groupby("shop").tail(4)[["shop", "day", "units"]]
    rows = rows.assign(day=rows["day"].astype(str))
    made = ServedForecast(forecaster).predict(rows.to_dict(orient="list"))
    assert made["day"].iloc[0] == datetime.date(2025, 3, 2).isoformat()


def test_only_the_newest_values_are_stored(forecaster):
    long = replace(forecaster, table=forecaster.table)
    kept = long.stored.table.panel
    assert kept.lengths.tolist() == forecaster.table.panel.lengths.tolist()
