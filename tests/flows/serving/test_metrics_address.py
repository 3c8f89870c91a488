"""Addresses of the metrics page as people write them."""

import pytest

from espalier.flows.serving.metrics_address import metrics_address
from espalier.pipelines.errors import UserError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("9300", "127.0.0.1", 9300),
        ("0.0.0.0:9300", "0.0.0.0", 9300),
        ("[::1]:80", "::1", 80),
        (" 9300 ", "127.0.0.1", 9300),
    ],
)
def test_addresses_are_read(text, host, port):
    assert metrics_address(text) == (host, port)


@pytest.mark.parametrize(
    "text", ["", "x", "0", "65536", ":9300", "host:", "host:x", "-1", "9300 1"]
)
def test_nonsense_is_refused_in_a_line(text):
    with pytest.raises(UserError, match="--metrics must be a port"):
        metrics_address(text)
