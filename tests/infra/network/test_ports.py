import pytest

from espalier.infra.network.ports import free_port, is_local, listen, listen_at


def test_a_free_port_is_one_of_this_machine():
    assert 1024 <= free_port() <= 65535


def test_two_that_want_one_port_do_not_both_get_it():
    wanted = free_port()
    with listen(wanted) as first, listen(wanted) as second:
        assert first.getsockname() == ("127.0.0.1", wanted)
        assert second.getsockname()[1] != wanted
        assert listen_at(wanted) is None
    with listen(wanted) as again:
        assert again.getsockname()[1] == wanted


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
