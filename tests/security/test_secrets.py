"""Secrets of URLs are in no file, log, database or message that a run leaves."""

import base64
import http.server
import logging
import threading
from functools import partial

import pytest

SECRET = "s3cr3t-Pa55"
TOKEN = "t0k3n-4bcdef"


class LockedServer(http.server.SimpleHTTPRequestHandler):
    """Serves a folder to whoever has the password and the token."""

    def send_head(self):
        wanted = "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != wanted or f"token={TOKEN}" not in self.path:
            self.send_error(401)
            return None
        return super().send_head()

    def log_message(self, *_):
        return


@pytest.fixture(scope="module")
def address(hostile_table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    hostile_table.iloc[:, [0, 1, -1]].set_axis(["a", "b", "y"], axis=1).to_csv(
        folder / "rows.csv", index=False
    )
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(LockedServer, directory=str(folder))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def leaks(folder):
    """Return the files below ``folder`` that hold a secret."""
    secrets = [SECRET.encode(), TOKEN.encode()]
    return [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and any(each in path.read_bytes() for each in secrets)
    ]


@pytest.mark.cluster
def test_a_training_from_a_locked_url_leaves_no_secret(address, espalier_in, tmp_path):
    espalier = espalier_in(tmp_path)
    url = f"http://ann:{SECRET}@{address}/rows.csv?token={TOKEN}"
    report, outcome = espalier.train(
        url, "--target", "y", "--trials", "2", "--families", "linear,bayes", "--workers", "1"
    )
    assert report["n_trials"] == 2
    assert (espalier.home / "mlflow.db").exists()
    assert leaks(tmp_path) == []
    assert SECRET not in outcome.stdout + outcome.stderr
    assert TOKEN not in outcome.stdout + outcome.stderr


REFUSED = {
    "wrong password": (f"http://ann:{SECRET}x@ADDRESS/rows.csv?token={TOKEN}", ()),
    "no such file": (f"http://ann:{SECRET}@ADDRESS/none.csv?token={TOKEN}", ()),
    "nobody there": (f"http://ann:{SECRET}@127.0.0.1:1/rows.csv?token={TOKEN}", ()),
    "a database that refuses": (
        f"postgresql+psycopg2://ann:{SECRET}@127.0.0.1:1/shop?sslpassword={TOKEN}",
        ("--query", "select 1"),
    ),
    "a port that is none": (f"mysql://ann:{SECRET}@h:port/x", ("--query", "select 1")),
    "no driver": (f"oracle+none://ann:{SECRET}@h/x", ("--query", "select 1")),
    "no query": (f"postgresql+psycopg2://ann:{SECRET}@h/x", ()),
    "a bad query": (
        f"sqlite:///file:shop.db?mode=memory&uri=true&password={TOKEN}",
        ("--query", "select * from nothing"),
    ),
    "unknown kind": (f"ftps://ann:{SECRET}@h/x.csv", ()),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_shows_no_secret(address, espalier_in, tmp_path, fault):
    url, options = REFUSED[fault]
    espalier = espalier_in(tmp_path)
    outcome = espalier.call("train", url.replace("ADDRESS", address), "--target", "y", *options)
    assert outcome.exit_code in (1, 2), outcome.output
    assert len(outcome.stderr.splitlines()) == 1
    assert "***" in outcome.stderr
    assert SECRET not in outcome.output
    assert TOKEN not in outcome.output
    assert leaks(tmp_path) == []


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_URI", "ESPALIER_REGISTRY_URI"])
@pytest.mark.parametrize(
    "uri",
    [
        # MLflow tries ten times, for almost two minutes, before it gives a database up.
        pytest.param(f"postgresql+psycopg2://ann:{SECRET}@127.0.0.1:1/x", marks=pytest.mark.slow),
        f"nonsense://ann:{SECRET}@h/x",
    ],
)
def test_a_store_that_fails_shows_no_secret(espalier_in, tmp_path, monkeypatch, variable, uri):
    monkeypatch.setenv(variable, uri)
    espalier = espalier_in(tmp_path)
    outcome = espalier.call("models")
    assert outcome.exit_code == 1
    assert SECRET not in outcome.output
    assert leaks(tmp_path) == []


def test_a_traceback_in_a_log_shows_no_secret(tmp_path):
    from espalier.infra.operations.logs import chatter_to

    def fail():
        with chatter_to(tmp_path / "x.log"):
            logging.getLogger("some.driver").warning("connecting to pg://ann:%s@h/x", SECRET)
            raise RuntimeError(f"cannot reach pg://ann:{SECRET}@h/x")

    with pytest.raises(RuntimeError):
        fail()
    text = (tmp_path / "x.log").read_text()
    assert "cannot reach pg://ann:***@h/x" in text
    assert "connecting to pg://ann:***@h/x" in text
    assert SECRET not in text
