"""Where people find the pages of a run, if there are any."""

import json
from pathlib import Path

from espalier.infra.network.ports import answers, is_local
from espalier.infra.settings import Settings
from espalier.pipelines.redaction import redact


def mlflow_page(settings: Settings) -> str | None:
    """Return the address of MLflow's pages: the store's own, or those of `espalier ui` or `serve`.

    None where the store is a file or database that nobody shows.
    """
    if settings.mlflow_uri.startswith(("http://", "https://")):
        return redact(settings.mlflow_uri).rstrip("/")
    return advertised_page(settings)


def page_file(settings: Settings) -> Path:
    """Return the file in which a running MLflow server of this home folder says where it is."""
    return settings.servers_folder / "mlflow.json"


def advertised_page(settings: Settings) -> str | None:
    """Return the address that the file names, if it is of this machine and answers."""
    try:
        url = str(json.loads(page_file(settings).read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if is_local(url) and answers(f"{url}/health") else None
