"""Proxies of the environment that the libraries of a run cannot use."""

import os
from importlib.util import find_spec
from urllib.request import getproxies

from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact

_USED = ("http", "https", "all")
_PLAIN, _SOCKS = ("http", "https"), ("socks5", "socks5h")


def require_usable_proxies() -> None:
    """Refuse a proxy with which Prefect's client cannot even be made, whatever it is to reach.

    Raises
    ------
    UserError
        It is a SOCKS proxy and the package for these is missing, or it is of an unknown kind.
    """
    found = getproxies()
    if "*" in (each.strip() for each in found.get("no", "").split(",")):
        return
    for kind in _USED:
        address = found.get(kind, "")
        scheme, separator, _ = address.lower().partition("://")
        if not separator or scheme in _PLAIN or (scheme in _SOCKS and find_spec("socksio")):
            continue
        name = next(
            (each for each in (f"{kind}_proxy", f"{kind.upper()}_PROXY") if os.environ.get(each)),
            f"{kind}_proxy",
        )
        if scheme in _SOCKS:
            cure = "install it (pip install 'httpx[socks]')"
            said = "for a SOCKS proxy, Prefect's client needs the package socksio"
        else:
            cure = "name one that begins with http://"
            said = "Prefect's client does not know this kind of proxy"
        raise UserError(
            f"the environment variable {name} names the proxy {redact(address)}: {said}; {cure}, "
            f"or unset {name}"
        )
