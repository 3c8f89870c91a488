"""Output of `espalier endpoint`: where the models answer, and a line to try it with."""

import logging
import sys
from contextlib import suppress

from rich.console import Console

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.log_redaction import RedactingFormatter
from espalier.infra.settings import Settings
from espalier.infra.web.endpoint.docs_page import curl_line
from espalier.infra.web.endpoint.endpoint import Endpoint
from espalier.infra.web.endpoint.options import EndpointOptions
from espalier.infra.web.endpoint.server import run_endpoint
from espalier.pipelines.redaction import hide


def serve_endpoint(options: EndpointOptions, settings: Settings, *, shows_token: bool) -> None:
    """Serve models until Ctrl-C or SIGTERM.

    Parameters
    ----------
    options : EndpointOptions
        What is served, and where.
    settings : Settings
        Name the stores and the home folder.
    shows_token : bool
        Whether the token was made up, so that nobody knows it yet.

    Raises
    ------
    UserError
        The port is in use, there is no such model, or it cannot be opened.
    """
    console = Console(highlight=False, markup=False)
    _log_to_stderr()
    if options.token is not None:
        hide(options.token, "${ESPALIER_ENDPOINT_TOKEN}")

    def show(endpoint: Endpoint, address: str) -> None:
        console.print(f"{address}/docs", style="cyan", soft_wrap=True)
        for name, model in endpoint.models.items():
            placement = model.placement
            if placement is None:
                continue
            alias = f" ({placement.alias})" if placement.alias else ""
            line = f"{name}: version {placement.version}{alias}"
            console.print(safe_text(line), soft_wrap=True)
            facts = model.sets[placement.version].facts
            for note in facts.notes:
                console.print(safe_text(f"warning: {note}"), style="yellow", soft_wrap=True)
            with_token = options.token is not None
            line = curl_line(address, name, facts.example_rows, with_token=with_token)
            console.print(safe_text(line), style="dim", soft_wrap=True)
        if options.token is not None and shows_token:
            console.print(f"ESPALIER_ENDPOINT_TOKEN={options.token}", soft_wrap=True)
        console.print("Ctrl-C stops it.", style="dim")
        sys.stdout.flush()

    with suppress(KeyboardInterrupt):  # what is under way has been answered by then
        run_endpoint(options, settings, show)


def _log_to_stderr() -> None:
    """Say on stderr what happens: versions that take over, workers that are replaced."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("espalier.infra.web").setLevel(logging.INFO)
