"""Find the address of the MLflow pages of a run, if a server displays them."""

import json
from pathlib import Path

from espalier.infra.network.ports import answers, is_local
from espalier.infra.settings import Settings
from espalier.pipelines.redaction import redact


def mlflow_page(settings: Settings) -> str | None:
    """Return the address of MLflow's pages: the store's, or that of `espalier ui` or `serve`.

    None if the store is a file or database and no server displays it.
    """
    if settings.mlflow_uri.startswith(("http://", "https://")):
        return redact(settings.mlflow_uri).rstrip("/")
    return advertised_page(settings)


def page_file(settings: Settings) -> Path:
    """Return the path of the file with the address of this home folder's MLflow server."""
    return settings.servers_folder / "mlflow.json"


def advertised_page(settings: Settings) -> str | None:
    """Return the address in the file, if it is of this machine and answers."""
    try:
        url = str(json.loads(page_file(settings).read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if is_local(url) and answers(f"{url}/health") else None
