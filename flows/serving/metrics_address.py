"""Where `espalier serve` answers Prometheus, as a person writes it."""

from typing import NamedTuple

from espalier.pipelines.errors import UserError

_THIS_MACHINE = "127.0.0.1"


class MetricsAddress(NamedTuple):
    """An address to listen on."""

    host: str
    port: int


def metrics_address(text: str) -> MetricsAddress:
    """Read ``PORT`` (of this machine) or ``HOST:PORT``; an IPv6 host stands in brackets.

    Examples
    --------
    >>> metrics_address("9300")
    MetricsAddress(host='127.0.0.1', port=9300)
    >>> metrics_address("[::]:9300")
    MetricsAddress(host='::', port=9300)

    Raises
    ------
    UserError
        It is neither, or the port is not between 1 and 65535.
    """
    host, _, port = text.strip().rpartition(":")
    if not port.isdecimal() or not 1 <= int(port) <= 65535 or (":" in text and not host):
        raise UserError(
            "--metrics must be a port such as 9300, or HOST:PORT such as 0.0.0.0:9300, "
            f"not {text!r}"
        )
    return MetricsAddress(host.strip("[]") or _THIS_MACHINE, int(port))
