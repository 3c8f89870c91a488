"""Ask the Prefect server of this home folder's `espalier serve` or `ui`, over HTTP.

Prefect itself takes seconds to import, and these are a few plain requests.
"""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from espalier.infra.network.ports import answers, is_local
from espalier.infra.settings import Settings

_SECONDS = 5.0


def prefect_address(settings: Settings) -> str | None:
    """Return the API of the Prefect server of this home folder's `ui` or `serve`, if it answers."""
    try:
        record = json.loads((settings.prefect_folder / "server.json").read_text())
        url = str(record["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if is_local(url) and answers(f"{url}/health") else None


def ask_prefect(
    url: str, body: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
) -> Any:
    """Return what the server answers: to a GET, or to a POST of a body.

    Parameters
    ----------
    url : str
        What is asked.
    body : mapping or None
        What is sent as JSON; None for a GET.
    headers : mapping or None
        Headers besides that of the type.

    Raises
    ------
    OSError
        It does not answer, or refuses (`urllib.error.HTTPError`).
    ValueError
        It answers with what is no JSON.
    """
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=data, headers=sent)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=_SECONDS) as reply:
        return json.loads(reply.read() or b"null")
