"""`AutoMLForecaster` on wide tables, hierarchies, static and past covariates, and holidays."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier import AutoMLForecaster
from espalier.pipelines.errors import UserError

H = 7


def forecaster(**changes: Any) -> AutoMLForecaster:
    """Return a quick forecaster of daily sales."""
    given = {
        "horizon": H,
        "time_column": "day",
        "series_column": "store",
        "target": "units",
        "quantiles": (0.1, 0.5, 0.9),
        "time_budget": None,
        "n_trials": 4,
        "families": ["ets", "harmonic"],
        "n_jobs": 1,
    }
    return AutoMLForecaster(**(given | changes))


def stores(length: int = 84, seed: int = 0) -> pd.DataFrame:
    """Return daily sales of six stores in two regions; numbers as names of the stores."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2025-01-06", periods=length)
    parts = []
    for store in range(6):
        level = rng.uniform(20, 200)
        units = level * (1 + 0.3 * np.sin(2 * np.pi * np.arange(length) / 7))
        units += 0.05 * level * rng.normal(size=length)
        region = "north" if store < 4 else "south"
        parts.append(pd.DataFrame({"region": region, "store": store, "day": days, "units": units}))
    return pd.concat(parts, ignore_index=True)


def test_a_wide_table_forecasts_as_the_long_one_does() -> None:
    long = stores()
    wide = long.pivot_table(index="day", columns="store", values="units").reset_index()
    wide.columns = [str(name) for name in wide.columns]
    made = forecaster(wide=True).fit(wide)
    same = forecaster().fit(long.assign(store=long["store"].astype(str)))
    pd.testing.assert_frame_equal(made.predict(), same.predict())
    newer = wide.iloc[20:]
    assert len(made.predict(newer)) == 6 * H


def test_forecasts_of_a_hierarchy_add_up() -> None:
    model = forecaster(hierarchy=("region", "store"), series_column=None).fit(stores())
    made = model.predict()
    assert list(made.columns) == ["region", "store", "day", "prediction", "0.1", "0.5", "0.9"]
    assert len(made) == (1 + 2 + 6) * H
    assert model.adds_up_by_ in ("bottom-up", "structural", "variances", "MinT")
    bottom = made[made["store"].notna()]
    regions = made[made["region"].notna() & made["store"].isna()]
    total = made[made["region"].isna()].set_index("day")["prediction"]
    by_region = bottom.groupby(["region", "day"])["prediction"].sum()
    above = regions.set_index(["region", "day"])["prediction"]
    np.testing.assert_allclose(by_region.loc[above.index], above, rtol=1e-9)
    np.testing.assert_allclose(bottom.groupby("day")["prediction"].sum().loc[total.index], total)
    assert (made["0.1"] <= made["prediction"]).mean() > 0.9
    again = pickle.loads(pickle.dumps(model)).predict(stores())
    pd.testing.assert_frame_equal(again, made)


def test_a_series_column_beside_a_hierarchy_is_its_last_level() -> None:
    model = forecaster(hierarchy="region", n_trials=2).fit(stores())
    assert len(model.predict()) == (1 + 2 + 6) * H


def with_kinds() -> pd.DataFrame:
    """Return the sales with the kind of each store, and how many came in."""
    table = stores()
    kinds = np.array(["corner", "mall", "kiosk"])
    return table.assign(
        kind=kinds[table["store"] % 3],
        space=10.0 * table["store"],
        visitors=2.0 * table["units"] + 3.0,
    )


def test_static_and_past_covariates_are_kept_with_the_model() -> None:
    table = with_kinds()
    options = {"static": ("kind", "space"), "past_covariates": "visitors"}
    model = forecaster(**options).fit(table)
    panel = model._table.panel
    assert panel.n_past == 1
    assert panel.static.shape == (6, 4)  # three kinds, and a number
    again = model._history[table.columns.drop("region")]
    pd.testing.assert_frame_equal(
        again.sort_values(["store", "day"], ignore_index=True),
        table.drop(columns="region"),
        check_dtype=False,
    )
    made = pickle.loads(pickle.dumps(model)).predict(table)
    pd.testing.assert_frame_equal(made, model.predict())


def test_a_static_covariate_that_changes_is_refused() -> None:
    table = with_kinds()
    table.loc[3, "kind"] = "mall"
    with pytest.raises(UserError, match="static covariate 'kind' has several values of series '0'"):
        forecaster(static=("kind",)).fit(table)


def closed_on_holidays() -> pd.DataFrame:
    """Return three years of sales that are nearly none on German holidays."""
    holidays = pytest.importorskip("holidays").country_holidays("DE", years=range(2022, 2026))
    days = pd.date_range("2022-06-01", "2025-05-05")
    rng = np.random.default_rng(3)
    units = 100 + 10 * np.sin(2 * np.pi * np.arange(len(days)) / 7) + rng.normal(size=len(days))
    units[[day.date() in holidays for day in days]] = 5.0
    return pd.DataFrame({"day": days, "units": units})


def test_holidays_are_known_ahead() -> None:
    table = closed_on_holidays()
    history, later = table[table["day"] < "2025-04-30"], table[table["day"] >= "2025-04-30"]
    options = {"families": ["harmonic"], "n_trials": 2, "horizon": 6, "series_column": None}
    made = forecaster(holidays="DE", **options).fit(history).predict()
    first_of_may = made.loc[made["day"] == "2025-05-01", "prediction"].iloc[0]
    assert first_of_may < 40
    assert np.abs(made["prediction"].to_numpy() - later["units"].to_numpy()).mean() < 15
    without = forecaster(**options).fit(history).predict()
    assert without.loc[without["day"] == "2025-05-01", "prediction"].iloc[0] > 80


def test_an_unknown_country_is_refused() -> None:
    pytest.importorskip("holidays")
    with pytest.raises(UserError, match="holidays of 'XX' are not known"):
        forecaster(holidays="xx").fit(stores())
