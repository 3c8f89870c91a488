"""Read web addresses for a form: no connection is made to an address that forms may not read.

The address is checked when the socket is made, so it does not matter how it was come by: by a name
that resolves to another address at the second look, by a redirect, or by an unusual notation.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from espalier.infra.access.addresses import Address, NamedHosts, as_address, is_public
from espalier.pipelines.errors import UserError


class HttpGuard:
    """Decides for one source which addresses may be connected to, and remembers a refusal.

    Parameters
    ----------
    hosts : NamedHosts
        What the operator has named.

    Attributes
    ----------
    refused : str or None
        The address of the last refused connection.
    """

    def __init__(self, hosts: NamedHosts) -> None:
        self._hosts = hosts
        self._of_named: set[Address] = set()
        self.refused: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Storage options with which fsspec's HTTP file system asks this guard."""
        return {"get_client": self._session, "skip_instance_cache": True}

    def trust(self, addresses: Iterable[Address]) -> None:
        """Let the addresses of a host that the operator has named be connected to."""
        self._of_named.update(addresses)

    async def _session(self, **options: Any) -> Any:
        import aiohttp

        try:
            connector = aiohttp.TCPConnector(
                socket_factory=self._socket, resolver=self._make_resolver()
            )
        except TypeError:
            raise UserError(
                "web addresses are read for forms with aiohttp 3.12 or newer; install it"
            ) from None
        return aiohttp.ClientSession(connector=connector, trust_env=False, **options)

    def _make_resolver(self) -> Any:
        from aiohttp.resolver import ThreadedResolver

        guard = self

        class Resolver(ThreadedResolver):
            """Notes the addresses of hosts that the operator has named."""

            async def resolve(self, host: str, *arguments: Any, **options: Any) -> Any:
                found = await super().resolve(host, *arguments, **options)
                if guard._hosts.has_name(host):
                    guard.trust(
                        address
                        for each in found
                        if (address := as_address(each["host"])) is not None
                    )
                return found

        return Resolver()

    def _socket(self, info: Any) -> socket.socket:
        """Make the socket of a connection, unless its address may not be read."""
        family, kind, protocol, _, place = info
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        allowed = (
            is_public(address) or address in self._of_named or self._hosts.has_address(address)
        )
        if not allowed:
            self.refused = str(address)
            raise PermissionError(f"{address} may not be read for a form")
        return socket.socket(family, kind, protocol)
