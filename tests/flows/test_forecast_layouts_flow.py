"""Hierarchies, covariates and wide tables by the real flows: train, serve, watch, update."""

import json

import numpy as np
import pandas as pd
import pytest

from espalier.flows.monitor_flow import monitor
from espalier.flows.predict_flow import predict
from espalier.flows.retrain_flow import retrain
from espalier.flows.train_flow import train
from espalier.infra.registry.model_files import model_files, open_forecaster
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

H = 7
FORM = {
    "target": "units",
    "time_column": "day",
    "horizon": H,
    "quantiles": ["0.1", "0.5", "0.9"],
    "trials": 3,
    "families": "ets,harmonic",
    "workers": 1,
}


def sales(days: int = 100) -> pd.DataFrame:
    """Return daily sales of two regions with two stores each, with their kind and visitors."""
    rng = np.random.default_rng(0)
    day = pd.date_range("2025-01-06", periods=140)
    parts = []
    for place, (region, store) in enumerate([("n", 1), ("n", 2), ("s", 1), ("s", 2)]):
        units = 50.0 * (place + 1) * (1 + 0.3 * np.sin(2 * np.pi * np.arange(140) / 7))
        units += rng.normal(size=140)
        table = pd.DataFrame({"region": region, "store": store, "day": day, "units": units})
        table["kind"] = "mall" if place % 2 else "corner"
        table["visitors"] = 2 * units
        parts.append(table.iloc[:days])
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    path = tmp_path_factory.mktemp("tree") / "tree.csv"
    sales().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def tree(flow_home, history):
    form = {"hierarchy": "region,store", "static": "kind", "past_covariates": "visitors"}
    return train({"data": str(history), "name": "tree", **FORM, **form, "holidays": "DE"})


def test_a_hierarchy_lives_as_any_forecast(tree, history, tmp_path):
    assert tree.n_holdout == 7 * H  # four stores, two regions, the total
    settings = load_settings()
    saved = model_files(resolve("tree/1", settings), settings).saved
    manifest = json.loads((saved / "manifest.json").read_text())
    assert manifest["columns"] == ["region", "store", "day", "units", "visitors", "kind"]
    assert manifest["hierarchy"] == ["region", "store"]
    assert manifest["holidays"] == ["DE"]
    out = tmp_path / "next.csv"
    # Newer rows of one store, without what the model knows of it: all the others go on too.
    newest = sales(102).query("region == 'n' and store == 1").tail(2)
    rows = tmp_path / "rows.csv"
    newest.drop(columns="kind").to_csv(rows, index=False)
    predict({"data": str(rows), "model": "tree", "out": str(out)})
    made = pd.read_csv(out)
    assert len(made) == 7 * H
    assert set(made["day"]) == {f"2025-04-{18 + step}" for step in range(H)}
    stores = made[made["store"].notna()].groupby("day")["prediction"].sum()
    total = made[made["region"].isna()].set_index("day")["prediction"]
    np.testing.assert_allclose(stores.loc[total.index], total, rtol=1e-6)

    sales(114).to_csv(history, index=False)
    seen = monitor({"name": "tree", "data": str(history), "retrain": False})
    assert seen.seen.n_new == 7 * 14
    updated = retrain({"name": "tree", "update": True}).training
    assert updated.version == 2
    moved = open_forecaster(resolve("tree/2", settings), settings).forecaster
    assert (
        moved.columns == open_forecaster(resolve("tree/1", settings), settings).forecaster.columns
    )


def test_a_wide_table_is_trained_on_and_predicted_from(flow_home, tmp_path):
    wide = sales().assign(name=lambda t: t["region"] + t["store"].astype(str))
    wide = wide.pivot_table(index="day", columns="name", values="units").reset_index()
    data, out = tmp_path / "wide.csv", tmp_path / "next.csv"
    wide.assign(note="x").to_csv(data, index=False)
    report = train({"data": str(data), "name": "wide", **FORM, "wide": True, "exclude": "note"})
    assert report.n_holdout == 4 * H
    predict({"data": str(data), "model": "wide", "out": str(out)})
    made = pd.read_csv(out)
    assert list(made.columns) == ["series", "day", "prediction", "0.1", "0.5", "0.9"]
    assert sorted(made["series"].unique()) == ["n1", "n2", "s1", "s2"]
