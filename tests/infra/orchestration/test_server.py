"""An own Prefect server starts, answers, is found by others and never outlives its parent."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from espalier.infra.network.ports import answers, free_port, wait_until_answers
from espalier.infra.orchestration.server import PrefectServer, server_environment
from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.settings import Settings
from espalier.pipelines.errors import EspalierError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect-home"))
    return Settings(home=tmp_path / "home")


@pytest.mark.cluster
def test_an_own_server_answers_and_is_gone_after_close(settings: Settings) -> None:
    with PrefectServer(settings).start() as server:
        assert server.is_own
        assert os.environ["PREFECT_API_URL"] == server.url
        url = server.wait()
        assert url.startswith("http://127.0.0.1:")
        assert answers(f"{url}/health")
    assert not answers(f"{url}/health", seconds=0.5)
    assert "PREFECT_API_URL" not in os.environ
    assert (settings.prefect_folder / "prefect.db").exists()


@pytest.mark.cluster
def test_the_server_of_the_ui_is_found_and_left_running(settings: Settings) -> None:
    with PrefectServer(settings, full=True).start() as server:
        server.wait()
        os.environ.pop("PREFECT_API_URL")
        other = PrefectServer(settings).start()
        assert other.url == server.url
        assert not other.is_own
        other.close()
        assert answers(f"{server.url}/health")


def test_a_server_whose_owner_is_gone_is_not_used(settings: Settings) -> None:
    """It may answer still, but it is about to end."""
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    dead = ProcessIdentity.mine().to_dict() | {"pid": gone.pid}
    gone.wait()
    with HTTPServer(("127.0.0.1", 0), _Healthy) as healthy:
        threading.Thread(target=healthy.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{healthy.server_port}/api"
        assert answers(f"{url}/health")
        state = settings.prefect_folder / "server.json"
        state.parent.mkdir(parents=True)
        found = []
        for owner in (dead, None, ProcessIdentity.mine().to_dict()):
            state.write_text(json.dumps({"url": url, "owner": owner}))
            found.append(PrefectServer(settings)._advertised())
        healthy.shutdown()
    assert found == [None, None, url]


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.mark.slow
@pytest.mark.cluster
def test_a_server_that_ends_with_its_owner_is_followed_by_an_own_one(settings: Settings) -> None:
    parent, url = _start_elsewhere(settings, "full=True")
    with PrefectServer(settings).start() as server:
        assert server.url == url
        assert not server.is_own
        parent.kill()
        parent.wait()
        assert server.wait() == url
        end = time.monotonic() + 120
        while not server.is_own and time.monotonic() < end:
            time.sleep(0.1)
        assert server.is_own
        assert wait_until_answers(f"{url}/health", seconds=120, alive=lambda: True)
    assert not answers(f"{url}/health", seconds=0.5)


@pytest.mark.slow
@pytest.mark.cluster
def test_a_server_that_is_killed_is_started_again_at_its_address(settings: Settings) -> None:
    with PrefectServer(settings).start() as server:
        url = server.wait()
        process = server._process
        assert process is not None
        process.kill()
        process.wait()
        assert wait_until_answers(f"{url}/health", seconds=120, alive=lambda: True)
    assert not answers(f"{url}/health", seconds=0.5)


@pytest.mark.slow
@pytest.mark.cluster
def test_servers_that_start_at_once_make_one_database(settings: Settings) -> None:
    servers = [PrefectServer(settings) for _ in range(3)]
    try:
        for server in servers:
            os.environ.pop("PREFECT_API_URL", None)
            server.start()
        for server in servers:
            assert answers(f"{server.wait()}/health")
    finally:
        for server in servers:
            server.close()


@pytest.mark.slow
@pytest.mark.cluster
def test_a_server_ends_when_its_parent_is_killed(settings: Settings) -> None:
    parent, url = _start_elsewhere(settings)
    assert answers(f"{url}/health")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    port = int(url.split(":")[2].removesuffix("/api"))
    end = time.monotonic() + 60
    # A busy machine may leave a living server without an answer for a while: it must refuse.
    while not _refuses(port) and time.monotonic() < end:
        time.sleep(0.2)
    assert _refuses(port)


def _refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def _start_elsewhere(settings: Settings, more: str = "") -> tuple["subprocess.Popen[str]", str]:
    """Start a server in another process; return the process and the address."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from espalier.infra.orchestration.server import PrefectServer\n"
        "from espalier.infra.settings import Settings\n"
        f"settings = Settings(home=Path({str(settings.home)!r}))\n"
        f"server = PrefectServer(settings, {more}).start()\n"
        "print(server.wait(), flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, parent.stdout.readline().strip()


def test_an_address_where_nobody_listens_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    settings = Settings(home=tmp_path, prefect_api_url=url)
    server = PrefectServer(settings).start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "espalier.infra.orchestration.server.wait_until_answers", lambda *a, **k: False
            )
            with pytest.raises(EspalierError, match="no Prefect API answers"):
                server.wait()
    finally:
        os.environ.pop("PREFECT_API_URL", None)


def test_only_the_server_of_the_ui_schedules(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    brief = server_environment(settings, "http://127.0.0.1:1/api", full=False)
    full = server_environment(settings, "http://127.0.0.1:1/api", full=True)
    assert brief["PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED"] == "false"
    assert "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED" not in full
    assert str(tmp_path) in brief["PREFECT_SERVER_DATABASE_CONNECTION_URL"]


def test_another_database_is_used_where_one_is_named(tmp_path: Path) -> None:
    url = "postgresql+asyncpg://ann:pw@db/prefect"
    settings = Settings(home=tmp_path, prefect_database=SecretStr(url))
    environment = server_environment(settings, "http://127.0.0.1:1/api", full=True)
    assert environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] == url
