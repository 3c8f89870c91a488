"""The names under which the studio answers, so that no other site can pass for it.

A page of another site may point its own name at this machine (DNS rebinding) and would then count
as the same origin to a browser. It cannot forge the ``Host`` header, which still says its name.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from espalier.infra.network.ports import is_loopback

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """Names under which the studio is reached.

    Attributes
    ----------
    names : frozenset of str
        In lower case.
    any_address : bool
        Whether it answers under any address written as one: a rebound name is never one.
    """

    names: frozenset[str]
    any_address: bool

    @classmethod
    def of(cls, listening: str, named: tuple[str, ...] = ()) -> "KnownHosts":
        """Return the names for the address that the studio listens at, and further ones."""
        names = {*LOOPBACK, *(each.strip("[]").lower() for each in named)}
        if not is_loopback(listening):
            names |= {listening.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
        return cls(names=frozenset(names), any_address=not is_loopback(listening))

    def has(self, host: str | None) -> bool:
        """Return whether a ``Host`` header, or the place of an origin, is one of ours."""
        name = _name_of(host)
        if name is None:
            return False
        return name in self.names or (self.any_address and _is_address(name))


def is_same_place(origin: str, host: str | None) -> bool:
    """Return whether an ``Origin`` (or ``Referer``) is of the host asked, port included."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == (host or "").lower()


def _name_of(host: str | None) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname if host else None
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
