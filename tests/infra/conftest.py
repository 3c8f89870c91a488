"""Real stores in a temporary folder, and one small real ensemble."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from espalier.infra.settings import Settings
from espalier.infra.tracking.store import make_client


@pytest.fixture(scope="session")
def raw_rows() -> pd.DataFrame:
    """A table with every common kind of column, and a target."""
    rng = np.random.default_rng(0)
    n = 160
    number = rng.normal(size=n)
    number[::9] = np.nan
    kind = rng.choice(["red", "green", "blue"], size=n)
    return pd.DataFrame(
        {
            "number": number,
            "whole": rng.integers(0, 50, size=n),
            "kind": pd.Series(kind, dtype="str"),
            "flag": rng.random(n) > 0.5,
            "day": pd.date_range("2024-01-01", periods=n, freq="D"),
            "group": pd.Categorical(rng.choice(["a", "b"], size=n)),
            "bought": np.where(np.nan_to_num(number) + (kind == "red") > 0.5, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def ensemble(raw_rows: pd.DataFrame) -> Any:
    """A fitted `EnsembleModel` of a few trials."""
    from espalier.pipelines.automl.estimators import AutoMLClassifier

    estimator = AutoMLClassifier(
        time_budget=None, n_trials=3, families=["linear", "extra_trees", "lightgbm"], random_state=0
    )
    return estimator.fit(raw_rows.drop(columns="bought"), raw_rows["bought"]).model_


@pytest.fixture(scope="session")
def saved_model(ensemble: Any, raw_rows: pd.DataFrame, tmp_path_factory: Any) -> Path:
    """The ensemble in a folder."""
    from espalier.pipelines.serving.saved_model import save_model

    return save_model(ensemble, tmp_path_factory.mktemp("saved"), golden=raw_rows.head(8))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: Any) -> Path:
    """A new MLflow database; making its tables takes seconds, copying it does not."""
    home = tmp_path_factory.mktemp("empty") / "new" / "home"
    make_client(Settings(home=home, tracking_uri=None, registry_uri=None))
    return home / "mlflow.db"


@pytest.fixture(scope="session")
def new_settings(empty_database: Path, tmp_path_factory: Any) -> Callable[[], Settings]:
    """Return settings of a new home folder with an empty MLflow store."""

    def make() -> Settings:
        home = tmp_path_factory.mktemp("home")
        shutil.copy(empty_database, home / "mlflow.db")
        return Settings(home=home, tracking_uri=None, registry_uri=None)

    return make


@pytest.fixture(scope="session")
def stores(new_settings: Callable[[], Settings]) -> Settings:
    """Settings whose MLflow store the session shares."""
    return new_settings()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty bucket of an S3 server on this machine, by moto."""
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    name = f"b{uuid4().hex}"
    files.mkdir(name)
    type(files).clear_instance_cache()
    yield f"s3://{name}"
    type(files).clear_instance_cache()
    server.stop()
