"""Send a notification when a run has failed, or a person is needed, as the settings say.

``ESPALIER_NOTIFY`` is one of

- an address ``https://...``: the news is posted there as JSON; ``text`` holds the message, which
  Slack, Mattermost and Teams display;
- another address, such as ``slack://...`` or ``mailto://...``: one of the kinds that Apprise
  supports (https://github.com/caronc/apprise/wiki);
- ``block:TYPE/NAME``: a notification block of Prefect, such as ``block:slack-webhook/alerts``;
- a command: it gets the JSON on its standard input.
"""

import json
import logging
import re
import shlex
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from espalier.infra.processes.import_path import as_the_user_set_it
from espalier.pipelines.redaction import redact

_LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30.0
_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)


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
        The reason as given by Prefect, on one line and without secrets.
    url : str
        Address of its page; empty if there is none.
    """

    flow: str
    run: str
    state: str
    reason: str
    url: str = ""

    @property
    def text(self) -> str:
        """The text of the notification."""
        more = f"\n{self.url}" if self.url else ""
        return f"Espalier: {self.flow} ({self.run}) has {self.state.lower()}: {self.reason}{more}"

    @property
    def subject(self) -> str:
        """The title of the notification."""
        return f"Espalier: {self.flow} {self.state.lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNews:
    """Something that happened to a model, or that somebody is asked about it.

    Attributes
    ----------
    event : str
        What happened, as the name of the event in Prefect: ``espalier.promotion.asked``.
    model : str
        The registered model.
    what : str
        What happened in a few words, as the rest of a sentence that begins with the model.
    reason : str
        The reasons, on one line; may be empty.
    url : str
        Address of the page where more is said, or answered; empty if there is none.
    """

    event: str
    model: str
    what: str
    reason: str = ""
    url: str = ""

    @property
    def text(self) -> str:
        """The text of the notification."""
        why = f": {self.reason}" if self.reason else ""
        more = f"\n{self.url}" if self.url else ""
        return f"Espalier: {self.model} {self.what}{why}{more}"

    @property
    def subject(self) -> str:
        """The title of the notification."""
        return f"Espalier: {self.model} {self.what}"


News = Failure | ModelNews


def notify(target: str, news: News) -> bool:
    """Notify ``target`` of the news; return whether that succeeded (errors are logged)."""
    record = asdict(news) | {"text": news.text}
    try:
        if target.startswith(("http://", "https://")):
            _post(target, json.dumps(record).encode())
        elif target.startswith("block:"):
            _tell_block(target.removeprefix("block:"), news)
        elif _ADDRESS.match(target):
            _tell_apprise(target, news)
        else:
            _run(target, json.dumps(record))
    except Exception as error:
        _LOG.error("nobody could be told by %r: %s", _shown(target), redact(str(error)))
        return False
    return True


def _shown(target: str) -> str:
    """Return the target for logs: without the paths of addresses, which are often secret."""
    if not _ADDRESS.match(target):
        return redact(target)
    parts = urlsplit(target)
    # In addresses other than http(s), the host may be a token too.
    host = parts.netloc.rpartition("@")[2] if parts.scheme in ("http", "https") else ""
    return f"{parts.scheme}://{host or '***'}"


def _post(url: str, body: bytes) -> None:
    request = urllib.request.Request(
        url, data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
        return


def _tell_block(slug: str, news: News) -> None:
    from prefect.blocks.abstract import NotificationBlock
    from prefect.blocks.core import Block
    from prefect.utilities.asyncutils import run_coro_as_sync

    block = Block.load(slug)
    if not isinstance(block, NotificationBlock):
        raise TypeError(f"block {slug!r} sends no notifications")
    sent = block.notify(news.text, subject=news.subject)
    if sent is not None:
        run_coro_as_sync(sent)


def _tell_apprise(address: str, news: News) -> None:
    from apprise import Apprise, NotifyType

    known = Apprise()
    with _silent(logging.getLogger("apprise")):
        if not known.add(address):
            raise ValueError("no such kind of address, or it is incomplete")
        kind = NotifyType.FAILURE if isinstance(news, Failure) else NotifyType.INFO
        if not known.notify(news.text, title=news.subject, notify_type=kind):
            raise RuntimeError("it was not sent")


@contextmanager
def _silent(log: logging.Logger) -> Iterator[None]:
    """Silence a logger that would show an invalid address with its tokens."""
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _run(command: str, text: str) -> None:
    done = subprocess.run(
        shlex.split(command),
        input=text,
        text=True,
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env=as_the_user_set_it(),
    )
    if done.returncode != 0:
        raise RuntimeError(f"it ended with status {done.returncode}: {done.stderr[-200:]}")
