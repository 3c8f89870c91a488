"""A webhook of MLflow's server about the aliases of models: whoever moves one, somebody is told.

`ESPALIER_NOTIFY` tells what Espalier did. The webhook tells of what anybody did, on MLflow's pages
too, so that what deploys a champion need not ask all the time.
"""

import logging
from typing import TYPE_CHECKING

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client
from espalier.pipelines.redaction import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.webhook import Webhook

_LOG = logging.getLogger(__name__)

NAME = "espalier-aliases"
EVENTS = ("model_version_alias.created", "model_version_alias.deleted")


def ensure_webhook(settings: Settings) -> str:
    """Make the webhook of the settings one of the server's, and return a line about it.

    An earlier address is replaced. Nothing depends on it, so what is wrong is only told. Without
    the setting nothing is done, and the line is empty.

    Raises
    ------
    StoreUnavailableError
        The server does not answer.
    """
    url = settings.webhook
    if url is None:
        return ""
    if not settings.mlflow_registry_uri.startswith(("http://", "https://")):
        return (
            "no webhook: only a server of MLflow sends any, and the registry is "
            f"{redact(settings.mlflow_registry_uri).split(':')[0]}"
        )
    from mlflow.exceptions import MlflowException

    secret = settings.webhook_secret
    key = None if secret is None else secret.get_secret_value()
    try:
        with store_errors(settings.mlflow_registry_uri):
            _ensure(make_client(settings), url, key)
    except MlflowException as error:
        _LOG.warning("MLflow's server took no webhook", exc_info=True)
        reason = redact(" ".join(str(error).split()))[:300]
        return f"no webhook: MLflow's server takes none ({reason})"
    return f"MLflow tells {redact(url).split('?')[0]} of every alias"


def _ensure(client: "MlflowClient", url: str, secret: str | None) -> None:
    events = list(EVENTS)
    there = _named(client)
    if not there:
        client.create_webhook(
            NAME, url, events, description="Made by espalier serve.", secret=secret
        )
        return
    for each in there[1:]:  # two processes began at once
        client.delete_webhook(each.webhook_id)
    # A secret is not read back, so it is written whenever there is one.
    if there[0].url != url or secret is not None or set(map(str, there[0].events)) != set(events):
        client.update_webhook(there[0].webhook_id, url=url, events=events, secret=secret)


def _named(client: "MlflowClient") -> "list[Webhook]":
    found: list[Webhook] = []
    token = None
    while True:
        page = client.list_webhooks(page_token=token)
        found += [each for each in page if each.name == NAME]
        token = page.token
        if not token:
            return sorted(found, key=lambda each: each.creation_timestamp)
