"""Connections for a form are refused where they are made, whatever led there."""

import http.server
import threading

import pytest

from espalier.infra.tables.opening import open_bytes
from espalier.infra.tables.sources import read_table
from espalier.pipelines.errors import UserError

ROWS = b"a,b\n1,2\n"


class Redirecting(http.server.BaseHTTPRequestHandler):
    """Serves rows, and sends ``/to/<address>`` on to another address of this machine."""

    def do_GET(self):
        if self.path.startswith("/to/"):
            host, port = self.path.split("/")[2], self.server.server_address[1]
            self.send_response(302)
            self.send_header("Location", f"http://{host}:{port}/rows.csv")
            self.end_headers()
            return
        self.server.asked.append(self.client_address[0])
        self.send_response(200)
        self.send_header("Content-Length", str(len(ROWS)))
        self.end_headers()
        self.wfile.write(ROWS)

    def do_HEAD(self):
        self.do_GET()

    def log_message(self, *_):
        return


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), Redirecting) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def port(server):
    server.asked.clear()
    return server.server_address[1]


def test_a_named_host_is_read(home, for_a_form, port, monkeypatch):
    monkeypatch.setenv("ESPALIER_FORM_HOSTS", "127.0.0.1")
    assert len(read_table(f"http://127.0.0.1:{port}/rows.csv")) == 1
    monkeypatch.setenv("ESPALIER_FORM_HOSTS", "localhost")
    assert len(read_table(f"http://localhost:{port}/rows.csv")) == 1
    with pytest.raises(UserError, match="no public address"):
        read_table(f"http://127.0.0.2:{port}/rows.csv")


@pytest.mark.parametrize("to", ["127.0.0.2", "0x7f.2"])
def test_a_redirect_to_a_private_address_is_not_followed(
    home, for_a_form, server, port, monkeypatch, to
):
    monkeypatch.setenv("ESPALIER_FORM_HOSTS", "127.0.0.1")
    with pytest.raises(UserError, match=r"leads to .*, which is no public address"):
        read_table(f"http://127.0.0.1:{port}/to/{to}/rows.csv")
    assert server.asked == []


@pytest.mark.parametrize("to", ["2130706434", "[::ffff:7f00:2]"])
def test_nor_is_one_in_a_notation_that_the_client_does_not_know(
    home, for_a_form, server, port, monkeypatch, to
):
    monkeypatch.setenv("ESPALIER_FORM_HOSTS", "127.0.0.1")
    with pytest.raises(UserError):
        read_table(f"http://127.0.0.1:{port}/to/{to}/rows.csv")
    assert server.asked == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f.1"])
def test_a_name_that_comes_to_mean_a_private_address_is_not_connected_to(
    home, for_a_form, server, port, host
):
    # The first look at the name is left out, as if it had given a public address.
    with pytest.raises(UserError, match="no public address"):
        open_bytes(f"http://{host}:{port}/rows.csv")
    assert server.asked == []


def test_an_operator_reads_them_all(home, port):
    assert len(read_table(f"http://127.0.0.1:{port}/to/127.0.0.2/rows.csv")) == 1
