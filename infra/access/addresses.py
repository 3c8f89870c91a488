"""Network addresses that a form's source may be read from."""

import ipaddress
import socket
from collections.abc import Iterable
from fnmatch import fnmatchcase

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ANY = "*"
# Translation between the versions of IP: the last 32 bits are an address of version 4.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class NamedHosts:
    """Hosts that the operator has named: by name, by pattern, by address, or by network.

    Parameters
    ----------
    entries : iterable of str
        Such as ``db.shop``, ``*.internal``, ``10.0.0.7``, ``10.1.0.0/16`` or ``*`` (all).
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._names: list[str] = []
        self._networks: list[Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                self._names.append(_plain(entry))

    def has_name(self, host: str) -> bool:
        """Return whether a host is named as it is written, by its name or its address."""
        address = as_address(host)
        if address is not None:
            return self.has_address(address)
        return any(fnmatchcase(_plain(host), each) for each in self._names)

    def has_address(self, address: Address) -> bool:
        """Return whether an address is named, alone or by its network."""
        real = _real(address)
        return ANY in self._names or any(
            real in each for each in self._networks if each.version == real.version
        )


def as_address(host: str) -> Address | None:
    """Return the address that ``host`` is written as; None for a name.

    Only the usual notations are addresses here; ``2130706433`` or ``0x7f.1`` are names, which the
    resolver turns into 127.0.0.1.
    """
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Return whether an address is one of the public internet.

    Not public are private, loopback, link-local, shared, reserved and multicast addresses, and
    those of version 6 that stand for such a one of version 4.
    """
    real = _real(address)
    return real.is_global and not real.is_multicast and not real.is_reserved


def resolved(host: str) -> tuple[Address, ...]:
    """Return the addresses of a host; none if it has none."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    addresses = (as_address(str(entry[4][0])) for entry in found)
    return tuple(dict.fromkeys(each for each in addresses if each is not None))


def _plain(host: str) -> str:
    return host.strip().rstrip(".").lower()


def _real(address: Address) -> Address:
    """Return the address of version 4 that one of version 6 stands for, else the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
