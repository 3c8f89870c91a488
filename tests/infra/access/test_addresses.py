import pytest

from espalier.infra.access.addresses import NamedHosts, as_address, is_public, resolved


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep the credentials of a machine
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
    ],
)
def test_these_are_not_public(text):
    assert not is_public(as_address(text))


@pytest.mark.parametrize("text", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1"])
def test_these_are_public(text):
    assert is_public(as_address(text))


@pytest.mark.parametrize("text", ["2130706433", "0x7f.1", "017700000001", "127.1"])
def test_an_odd_notation_is_resolved_to_what_it_means(text):
    assert as_address(text) is None
    assert [str(each) for each in resolved(text)] == ["127.0.0.1"]


def test_hosts_are_named_by_name_pattern_address_and_network():
    hosts = NamedHosts(["db.shop", "*.Internal", "10.1.0.0/16", "[fc00::7]", "192.168.0.9"])
    for host in ("db.shop", "DB.shop.", "a.b.internal", "10.1.2.3", "[fc00::7]", "192.168.0.9"):
        assert hosts.has_name(host)
    for host in ("shop", "xdb.shop", "internal", "10.2.0.1", "fc00::8", "192.168.0.8"):
        assert not hosts.has_name(host)
    assert NamedHosts(["*"]).has_name("any.where")
    assert NamedHosts(["*"]).has_address(as_address("127.0.0.1"))
    assert not NamedHosts([]).has_address(as_address("10.0.0.1"))
