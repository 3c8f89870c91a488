"""Ask a Prefect API whether it is there, as Prefect's own client would.

An API behind a proxy that authenticates, at Prefect Cloud, or with a certificate of a private
authority answers only that: the client takes key, password, headers and certificates from Prefect's
settings and the active profile.
"""

import time
from collections.abc import Callable

from espalier.pipelines.errors import EspalierError
from espalier.pipelines.redaction import redact

_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0


def require_api(url: str, named_by: str, *, seconds: float = 20.0) -> None:
    """Wait until the Prefect API that the user has named answers.

    Parameters
    ----------
    url : str
        The API.
    named_by : str
        The variable or file that names it, for people; may be empty.
    seconds : float
        How long to wait.

    Raises
    ------
    EspalierError
        It does not answer, or not us; the message says which setting it wants.
    """
    refusals: list[str] = []
    if wait_for_api(url, seconds=seconds, on_refusal=refusals.append):
        return
    named = f", which {named_by} names" if named_by else ""
    if refusals:
        raise EspalierError(f"the Prefect API at {redact(url)}{named} is not usable: {refusals[0]}")
    raise EspalierError(
        f"no Prefect API answers at {redact(url)}{named}; start it, or take the address out there "
        "to use an own one"
    )


def wait_for_api(url: str, *, seconds: float, on_refusal: Callable[[str], object]) -> bool:
    """Wait until the Prefect API at ``url`` answers; return False after ``seconds``.

    Parameters
    ----------
    url : str
        The API, as in ``PREFECT_API_URL``.
    seconds : float
        How long to wait.
    on_refusal : callable
        Gets a sentence where the API is there but refuses the client; no time is waited then.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    end = time.monotonic() + seconds
    # The address anew, as prefect may have been imported before it was known; patience is ours.
    asked = {PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}
    while True:
        timeout = {"timeout": httpx.Timeout(_PATIENCE_SECONDS)}
        with temporary_settings(asked), get_client(timeout, sync_client=True) as client:
            error = client.api_healthcheck()
        if error is None:
            return True
        if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403):
            on_refusal(_refusal(error.response.status_code))
            return False
        if isinstance(error, httpx.ConnectError) and "CERTIFICATE_VERIFY" in str(error):
            on_refusal(_UNKNOWN_CERTIFICATE)
            return False
        if time.monotonic() + _POLL_SECONDS >= end:
            return False
        time.sleep(_POLL_SECONDS)


def _refusal(status: int) -> str:
    return (
        f"it refuses us (status {status}); give Prefect's client what it asks for: "
        "PREFECT_API_KEY, PREFECT_API_AUTH_STRING or PREFECT_CLIENT_CUSTOM_HEADERS"
    )


_UNKNOWN_CERTIFICATE = (
    "its certificate is not trusted; name the authority's in PREFECT_API_SSL_CERT_FILE"
)
