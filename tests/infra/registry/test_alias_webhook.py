"""The webhook about aliases, on a real MLflow server that posts to a real listener."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
from cryptography.fernet import Fernet

from espalier.infra.network.ports import answers, free_port
from espalier.infra.registry.alias_webhook import NAME, ensure_webhook
from espalier.infra.settings import Settings
from espalier.infra.tracking.store import make_client

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture(params=["http,https"])
def server(request, empty_database, tmp_path):
    """The address of an MLflow server that may post to this machine, by the schemes it allows."""
    port = free_port()
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ
        | {
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": request.param,
            "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
            "MLFLOW_WEBHOOK_CACHE_TTL": "0",
        },
    )
    url = f"http://127.0.0.1:{port}"
    while not answers(f"{url}/health"):
        assert process.poll() is None
        time.sleep(0.2)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture
def listener():
    """A listener's address, and what was posted there."""
    posted = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((dict(self.headers), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            return

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/moved", posted
    served.shutdown()


def test_whoever_moves_an_alias_somebody_is_told(server, listener, tmp_path):
    url, posted = listener
    settings = Settings(home=tmp_path / "home", tracking_uri=server, webhook="http://127.0.0.1:9/x")
    assert ensure_webhook(settings) == "MLflow tells http://127.0.0.1:9/x of every alias"
    settings = settings.model_copy(update={"webhook": url})
    for _ in range(2):  # each start of `espalier serve`
        ensure_webhook(settings)
    client = make_client(settings)
    assert [(each.name, each.url) for each in client.list_webhooks()] == [(NAME, url)]

    client.create_registered_model("churn")
    run = client.create_run("0").info
    client.create_model_version("churn", source=f"{run.artifact_uri}/m", run_id=run.run_id)
    client.set_registered_model_alias("churn", "champion", "1")  # by hand, not by us
    end = time.monotonic() + 60
    while not posted and time.monotonic() < end:
        time.sleep(0.1)
    [(_, body)] = posted
    assert body["entity"] == "model_version_alias"
    assert body["data"] == {"name": "churn", "alias": "champion", "version": "1"}


@pytest.mark.parametrize("server", ["https"], indirect=True)
def test_a_server_that_takes_no_webhook_is_told_in_a_line(server, tmp_path):
    settings = Settings(home=tmp_path / "home", tracking_uri=server, webhook="http://127.0.0.1:9/x")
    said = ensure_webhook(settings)
    assert said.startswith("no webhook: MLflow's server takes none")
    assert "\n" not in said
