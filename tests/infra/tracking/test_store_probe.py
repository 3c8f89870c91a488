"""A store that is not there is told in seconds, not in MLflow's minutes."""

import sqlite3
import sys

import pytest

from espalier.infra.network.ports import free_port
from espalier.infra.settings import Settings
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.store_probe import require_answer
from espalier.pipelines.errors import StoreUnavailableError, UserError


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("espalier.infra.tracking.store_probe.PATIENCE_SECONDS", 0.0)


@pytest.fixture
def mlflow_is_not_asked(monkeypatch):
    def ask(*_args, **_kwargs):
        raise AssertionError("MLflow was asked")

    monkeypatch.setattr("mlflow.MlflowClient", ask)


@pytest.mark.usefixtures("mlflow_is_not_asked")
def test_a_server_that_is_gone_is_named(tmp_path):
    settings = Settings(home=tmp_path, tracking_uri=f"http://ann:secret@127.0.0.1:{free_port()}")
    with pytest.raises(StoreUnavailableError, match="does not answer") as raised:
        make_client(settings)
    assert "refused" in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.usefixtures("mlflow_is_not_asked")
def test_a_database_that_is_gone_is_named(tmp_path):
    pytest.importorskip("psycopg2", reason="the driver psycopg2 is not installed")
    uri = f"postgresql+psycopg2://ann:secret@127.0.0.1:{free_port()}/mlflow"
    with pytest.raises(StoreUnavailableError, match="does not answer") as raised:
        make_client(Settings(home=tmp_path, tracking_uri=uri))
    assert "secret" not in str(raised.value)


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(UserError, match="driver 'psycopg2' of postgresql") as raised:
        require_answer("postgresql+psycopg2://ann:secret@127.0.0.1/mlflow")
    assert "secret" not in str(raised.value)


@pytest.mark.usefixtures("mlflow_is_not_asked")
def test_a_registry_that_is_gone_is_named(tmp_path):
    gone = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(StoreUnavailableError, match=gone):
        make_client(Settings(home=tmp_path, tracking_uri=None, registry_uri=gone))


def test_what_is_there_or_unknown_passes(tmp_path):
    file = tmp_path / "mlflow.db"
    sqlite3.connect(file).close()
    require_answer(f"sqlite:///{file}")
    require_answer("databricks")
    require_answer(str(tmp_path))


def test_it_is_asked_more_than_once(monkeypatch):
    """A server that is back after a moment is found."""
    import socket

    monkeypatch.setattr("espalier.infra.tracking.store_probe.PATIENCE_SECONDS", 60.0)
    port = free_port()
    real, asked = socket.create_connection, []
    with socket.socket() as server:

        def connect(address, **more):
            asked.append(address)
            if len(asked) == 2:
                server.bind(address)
                server.listen()
            return real(address, **more)

        monkeypatch.setattr(socket, "create_connection", connect)
        require_answer(f"http://127.0.0.1:{port}")
    assert len(asked) == 2
