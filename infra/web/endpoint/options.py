"""Options of an endpoint."""

import re
import secrets
from dataclasses import dataclass, field

from espalier.infra.network.ports import is_loopback
from espalier.infra.web.answering.messages import LogRules
from espalier.infra.web.answering.opening import OnDifference
from espalier.pipelines.errors import UserError

MEGABYTE = 2**20
NO_TOKEN = "none"
_TOKEN = re.compile(r"[!-~]{8,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How many waiting requests are answered together, and how many may wait.

    Attributes
    ----------
    requests : int
        Requests in a batch.
    n_bytes : int
        Bytes of their bodies; a larger request is a batch of its own.
    waiting : int
        Requests that may wait for one version; further ones are turned away.
    """

    requests: int = 64
    n_bytes: int = 256 * 1024
    waiting: int = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Which requests are written down, and what of them.

    Attributes
    ----------
    sample : float
        Share of the requests, from 0 (none) to 1 (all).
    rules : LogRules
        What of a row is left out.
    most_bytes : int
        Size of a model's log; its oldest files go first.
    """

    sample: float = 1.0
    rules: LogRules = field(default_factory=LogRules)
    most_bytes: int = 200 * MEGABYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Options of an endpoint.

    Attributes
    ----------
    models : tuple of str
        ``NAME``, ``NAME@alias`` or ``NAME/VERSION``, at least one; no name twice.
    alias : str
        Alias that a ``NAME`` alone stands for.
    host, port : str, int
        Where to listen; port 0 takes a free one.
    token : str or None
        What requests must bring; None to ask for nothing.
    workers : int
        Worker processes of each version; 0 to answer in the server's own process.
    challenger_share : float
        Share of requests that the challenger answers, from 0 to 1.
    most_bytes, most_rows : int
        Largest body, and most rows, of one request.
    patience : float
        Seconds in which a request must be answered.
    poll_seconds : float
        How often the registry is asked where the aliases are.
    on_difference : str
        ``refuse`` or ``warn`` of a model that answers otherwise than when it was saved.
    batches : BatchLimits
        How requests are put together.
    log : LogOptions
        The request log.
    """

    models: tuple[str, ...]
    alias: str = "champion"
    host: str = "127.0.0.1"
    port: int = 8080
    token: str | None = field(default=None, repr=False)
    workers: int = 1
    challenger_share: float = 0.0
    most_bytes: int = 10 * MEGABYTE
    most_rows: int = 10_000
    patience: float = 30.0
    poll_seconds: float = 2.0
    on_difference: OnDifference = "refuse"
    batches: BatchLimits = field(default_factory=BatchLimits)
    log: LogOptions = field(default_factory=LogOptions)

    def __post_init__(self) -> None:
        if not self.models:
            raise UserError("name at least one model to serve")
        for name, share in (
            ("the challenger's share", self.challenger_share),
            ("the logged share", self.log.sample),
        ):
            if not 0.0 <= share <= 1.0:
                raise UserError(f"{name} must be between 0 and 1, not {share:g}")
        for name, number in (("rows", self.most_rows), ("bytes", self.most_bytes)):
            if number < 1:
                raise UserError(f"a request must be allowed to have {name}, not {number}")
        if self.workers < 0:
            raise UserError(f"the number of workers must be 0 or more, not {self.workers}")
        if self.patience <= 0.0:
            raise UserError(f"the time for an answer must be above 0 s, not {self.patience:g}")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise UserError("a token is made of 8 or more ASCII characters without blanks")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the endpoint."""
        return is_loopback(self.host)


def token_for(host: str, given: str | None) -> str | None:
    """Return the token that requests must bring; None if they need none.

    Parameters
    ----------
    host : str
        Where the endpoint listens. Elsewhere than at this machine alone, there is always a token
        unless `NO_TOKEN` says that none is wanted.
    given : str or None
        What the user gave.
    """
    if given == NO_TOKEN:
        return None
    if given:
        return given
    return None if is_loopback(host) else secrets.token_urlsafe(24)


def difference_policy(word: str) -> OnDifference:
    """Return what to do with a model that answers otherwise than when it was saved.

    Raises
    ------
    UserError
        It is neither ``refuse`` nor ``warn``.
    """
    if word == "refuse":
        return "refuse"
    if word == "warn":
        return "warn"
    raise UserError(f"--on-difference is refuse or warn, not {word!r}")
