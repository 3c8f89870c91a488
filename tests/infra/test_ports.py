import pytest

from infra.ports import free_port, is_local


def test_a_free_port_is_one_of_this_machine():
    assert 1024 <= free_port() <= 65535


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:4200/api", True),
        ("http://127.0.0.1:5000", True),
        ("http://127.0.0.1:80@evil.example/api", False),
        ("http://127.0.0.1.evil.example:80", False),
        ("http://127.0.0.1:1/api/../../x", False),
        ("https://evil.example", False),
    ],
)
def test_only_addresses_of_ours_are_believed(url, local):
    assert is_local(url) is local
