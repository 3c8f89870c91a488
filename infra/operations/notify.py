"""Telling somebody that a run has failed, in the way the settings name.

``ESPALIER_NOTIFY`` is one of

- an address ``https://...``: the failure is posted there as JSON; ``text`` holds the message, which
  is what Slack, Mattermost and Teams show;
- ``block:TYPE/NAME``: a notification block of Prefect, such as ``block:slack-webhook/alerts``;
- a command: it gets the JSON on its standard input.
"""

import json
import logging
import shlex
import subprocess
import urllib.request
from dataclasses import asdict, dataclass

from espalier.infra.processes.import_path import as_the_user_set_it
from espalier.pipelines.redaction import redact

_LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A run that has failed.

    Attributes
    ----------
    flow : str
        The flow's name.
    run : str
        The run's name.
    state : str
        ``Failed`` or ``Crashed``.
    reason : str
        What Prefect knows of it, on one line and without secrets.
    url : str
        Its page; empty where there is none.
    """

    flow: str
    run: str
    state: str
    reason: str
    url: str = ""

    @property
    def text(self) -> str:
        """The message for people."""
        more = f"\n{self.url}" if self.url else ""
        return f"Espalier: {self.flow} ({self.run}) has {self.state.lower()}: {self.reason}{more}"


def notify(target: str, failure: Failure) -> bool:
    """Tell ``target`` of the failure; whether that worked (if not, it is logged)."""
    record = asdict(failure) | {"text": failure.text}
    try:
        if target.startswith(("http://", "https://")):
            _post(target, json.dumps(record).encode())
        elif target.startswith("block:"):
            _tell_block(target.removeprefix("block:"), failure)
        else:
            _run(target, json.dumps(record))
    except Exception as error:
        _LOG.error("nobody could be told by %r: %s", redact(target), redact(str(error)))
        return False
    return True


def _post(url: str, body: bytes) -> None:
    request = urllib.request.Request(
        url, data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
        return


def _tell_block(slug: str, failure: Failure) -> None:
    from prefect.blocks.abstract import NotificationBlock
    from prefect.blocks.core import Block
    from prefect.utilities.asyncutils import run_coro_as_sync

    block = Block.load(slug)
    if not isinstance(block, NotificationBlock):
        raise TypeError(f"block {slug!r} sends no notifications")
    sent = block.notify(failure.text, subject=f"Espalier: {failure.flow} {failure.state.lower()}")
    if sent is not None:
        run_coro_as_sync(sent)


def _run(command: str, text: str) -> None:
    done = subprocess.run(
        shlex.split(command), input=text, text=True, capture_output=True, env=as_the_user_set_it(),
        timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"it ended with status {done.returncode}: {done.stderr[-200:]}")
