"""Find the Prefect server of this home folder's `espalier serve` or `ui`.

It is asked over HTTP (`espalier.infra.network.ports.ask_json`): Prefect itself takes seconds to
import, and these are a few plain requests.
"""

import json

from espalier.infra.network.ports import answers, is_local
from espalier.infra.settings import Settings


def prefect_address(settings: Settings) -> str | None:
    """Return the API of the Prefect server of this home folder's `ui` or `serve`, if it answers."""
    try:
        record = json.loads((settings.prefect_folder / "server.json").read_text())
        url = str(record["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if is_local(url) and answers(f"{url}/health") else None
