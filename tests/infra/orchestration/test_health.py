"""A Prefect API that wants a key, or has a private authority's certificate, is found."""

import datetime
import ipaddress
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from espalier.infra.orchestration.health import wait_for_api
from espalier.infra.orchestration.server import PrefectServer
from espalier.infra.settings import Settings
from espalier.pipelines.errors import EspalierError


class Guarded(BaseHTTPRequestHandler):
    """Answers at /api/health whoever sends the header that the server wants."""

    def do_GET(self):
        name, value = self.server.wanted
        allowed = self.headers.get(name) == value
        self.send_response(200 if allowed and self.path == "/api/health" else 401)
        self.end_headers()

    def log_message(self, *_):
        return


@pytest.fixture
def serve():
    servers = []

    def start(wanted, certificate=None):
        server = HTTPServer(("127.0.0.1", 0), Guarded)
        server.wanted = wanted
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        scheme = "http" if certificate is None else "https"
        return f"{scheme}://127.0.0.1:{server.server_port}/api"

    yield start
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.fixture
def certificate(tmp_path):
    """A certificate of nobody's authority, with its key, for 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop")])
    now = datetime.datetime.now(datetime.UTC)
    place = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([place]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path / "shop.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path


def found(url, **given):
    """Whether the API is found with these settings of Prefect, and what it says otherwise."""
    from prefect import settings

    refusals = []
    changes = {getattr(settings, name): value for name, value in given.items()}
    with settings.temporary_settings(changes):
        return wait_for_api(url, seconds=0.0, on_refusal=refusals.append), refusals


def test_an_api_key_is_sent(serve):
    url = serve(("Authorization", "Bearer pnu_123"))
    assert found(url, PREFECT_API_KEY="pnu_123") == (True, [])
    answers, (said,) = found(url)
    assert not answers
    assert "PREFECT_API_KEY" in said


def test_the_password_of_a_server_is_sent(serve):
    url = serve(("Authorization", "Basic YWRtaW46cGFzcw=="))
    assert found(url, PREFECT_API_AUTH_STRING="admin:pass") == (True, [])


def test_custom_headers_are_sent(serve):
    url = serve(("X-Team", "shop"))
    assert found(url, PREFECT_CLIENT_CUSTOM_HEADERS={"X-Team": "shop"}) == (True, [])


def test_a_private_authority_is_trusted_where_it_is_named(serve, certificate):
    url = serve(("X-Team", None), certificate)
    answers, (said,) = found(url)
    assert not answers
    assert "PREFECT_API_SSL_CERT_FILE" in said
    url = serve(("X-Team", None), certificate)
    assert found(url, PREFECT_API_SSL_CERT_FILE=str(certificate)) == (True, [])


def test_nobody_there():
    assert found("http://127.0.0.1:1/api") == (False, [])


def test_a_command_says_what_the_api_wants(serve, tmp_path, monkeypatch):
    url = serve(("Authorization", "Bearer pnu_123"))
    monkeypatch.setenv("PREFECT_API_URL", url)
    server = PrefectServer(Settings(home=tmp_path)).start()
    with pytest.raises(EspalierError, match=r"refuses us \(status 401\).*PREFECT_API_KEY"):
        server.wait()
