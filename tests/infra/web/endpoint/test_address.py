"""The address that an endpoint says is one that this machine's programs reach."""

import pytest

from espalier.infra.web.endpoint.server import _address


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("fe80::1", "http://[fe80::1]:8080"),
        ("models.example.com", "http://models.example.com:8080"),
    ],
)
def test_addresses_are_reachable(host, said):
    assert _address(host, 8080) == said
