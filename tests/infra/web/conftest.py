"""A small real model in a registry, and an endpoint that serves it in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from espalier.infra.registry.registry import register_version
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.web.endpoint.app import create_app
from espalier.infra.web.endpoint.endpoint import Endpoint
from espalier.infra.web.endpoint.options import EndpointOptions
from espalier.pipelines.serving.saved_model import save_model

LOCAL = "http://127.0.0.1"


@pytest.fixture(scope="module")
def shop(new_settings, saved_model, raw_rows):
    """Settings of a registry whose model `bought` has a champion and a challenger."""
    settings = new_settings()
    tracking = Tracking(settings)
    for _ in range(2):
        register_version(
            tracking,
            name="bought",
            run_id=tracking.start_run("training"),
            folder=saved_model,
            example=raw_rows,
        )
    return settings


@pytest.fixture(scope="module")
def serving(shop) -> Callable[..., object]:
    """Serve `bought` in this process; a client that asks it."""

    @contextmanager
    def serve(settings=shop, models=("bought",), base_url=LOCAL, **options) -> Iterator[TestClient]:
        endpoint = Endpoint(EndpointOptions(models=models, workers=0, **options), settings)
        with TestClient(create_app(endpoint), base_url=base_url) as client:
            client.endpoint = endpoint
            yield client

    return serve


@pytest.fixture(scope="module")
def client(serving):
    """A client of an endpoint that serves `bought`."""
    with serving() as client:
        yield client


@pytest.fixture(scope="session")
def json_rows(raw_rows):
    """The rows as a client of another language sends them."""
    table = raw_rows.drop(columns="bought")
    table = table.assign(day=table["day"].dt.strftime("%Y-%m-%d"), group=table["group"].astype(str))
    cells = table.astype(object).where(table.notna(), None)
    return cells.to_dict("records")


@pytest.fixture(scope="session")
def regression(tmp_path_factory):
    """A saved regression with intervals, and its rows: prices with a unit, dates day first."""
    from espalier.pipelines.automl.estimators import AutoMLRegressor

    rng = np.random.default_rng(3)
    n = 240
    size = rng.uniform(20, 200, n).round(1)
    X = pd.DataFrame(
        {
            "size": [f"{each} kg" for each in size],
            "sold": pd.date_range("2023-01-01", periods=n).strftime("%d/%m/%Y"),
            "code": rng.choice(["007", "008", "100"], n),
        }
    )
    y = 3.0 * size + 20.0 * (X["code"] == "007") + rng.normal(0, 5, n)
    estimator = AutoMLRegressor(
        time_budget=None, n_trials=2, families=["linear"], random_state=0
    ).fit(X, y)
    folder = save_model(estimator.model_, tmp_path_factory.mktemp("regression"), golden=X.head(8))
    return folder, X, estimator.model_
