"""Failures are told by post, by command and by block; a deaf ear does no harm."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from espalier.infra.operations.notify import Failure, notify

FAILURE = Failure(
    flow="retrain",
    run="retrain churn",
    state="Failed",
    reason="the moon is full",
    url="http://127.0.0.1:4200/runs/1",
)


@pytest.fixture
def listener():
    """A web server that keeps what is posted to it."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if self.path == "/good" else 500)
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()


def test_the_text_says_what_why_and_where():
    assert FAILURE.text == (
        "Espalier: retrain (retrain churn) has failed: the moon is full\n"
        "http://127.0.0.1:4200/runs/1"
    )


def test_an_address_gets_it_as_json(listener):
    url, heard = listener
    assert notify(f"{url}/good", FAILURE)
    assert heard[0]["text"] == FAILURE.text
    assert (heard[0]["flow"], heard[0]["state"]) == ("retrain", "Failed")


def test_the_other_kinds_of_address_are_told_by_apprise(listener):
    url, heard = listener
    assert notify(f"{url.replace('http', 'json')}/good", FAILURE)
    assert heard[0]["title"] == "Espalier: retrain failed"
    assert heard[0]["message"] == FAILURE.text
    assert heard[0]["type"] == "failure"


def test_a_command_gets_it_on_its_standard_input(tmp_path):
    out = tmp_path / "heard.json"
    script = tmp_path / "tell.py"
    script.write_text(f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read())")
    assert notify(f"{sys.executable} {script}", FAILURE)
    assert json.loads(out.read_text())["reason"] == "the moon is full"


@pytest.mark.parametrize(
    "target",
    [
        "no-such-command-anywhere",
        f"{sys.executable} -c 'raise SystemExit(3)'",
        "'unclosed",
        "http://127.0.0.1:9/nobody",
        "carrierpigeon://coop",
        "slack://",
        "json://127.0.0.1:9/nobody",
    ],
)
def test_a_deaf_ear_is_logged_and_raises_nothing(target, caplog):
    assert not notify(target, FAILURE)
    assert "nobody could be told" in caplog.text


@pytest.mark.parametrize(
    "address",
    [
        "{web}/bad?token=abc123",
        "{web}/services/abc123",
        "{json}/bad?+X-Token=abc123",
        "json://me:abc123@{host}/bad",
        "slack://abc123/and/no/more/of/it",
        "discord://abc123",
    ],
)
def test_a_refusal_is_logged_without_the_token(listener, caplog, address):
    caplog.set_level("DEBUG")
    web = listener[0]
    host = web.removeprefix("http://")
    assert not notify(address.format(web=web, json=f"json://{host}", host=host), FAILURE)
    assert "nobody could be told" in caplog.text
    assert "abc123" not in caplog.text
