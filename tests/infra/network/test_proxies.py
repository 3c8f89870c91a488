"""A proxy that no client can be made with is refused at once."""

import pytest

from espalier.infra.network.proxies import require_usable_proxies
from espalier.pipelines.errors import UserError


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("address", ["", "http://p:3128", "https://u:w@p", "p:3128"])
def test_a_plain_proxy_is_used(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    require_usable_proxies()


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTP_PROXY"])
@pytest.mark.parametrize("address", ["socks5://me:secret@p:1080", "socks4://p:1080"])
def test_another_one_is_named(monkeypatch, name, address):
    monkeypatch.setenv(name, address)
    monkeypatch.setattr("espalier.infra.network.proxies.find_spec", lambda package: None)
    with pytest.raises(UserError, match=f"{name}.*proxy.*unset {name}") as caught:
        require_usable_proxies()
    assert "secret" not in str(caught.value)


def test_a_socks_proxy_is_used_where_its_package_is(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5h://p:1080")
    monkeypatch.setattr("espalier.infra.network.proxies.find_spec", lambda package: object())
    require_usable_proxies()


def test_nothing_is_refused_where_no_proxy_is_used(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks4://p:1080")
    monkeypatch.setenv("NO_PROXY", "*")
    require_usable_proxies()
