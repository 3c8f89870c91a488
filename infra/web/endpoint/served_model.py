"""One registered model: the versions that answer for it, and how they are exchanged.

A version that is to take over is opened and has answered a row before the first request goes to it.
From then on new requests go to it, while the version of before answers those that it has, and ends
after the last one. Nothing is awaited between the choice of a version and the place in its queue,
so no request can come to a version that has ended.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from espalier.infra.web.endpoint.replica_set import ReplicaSet

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Which versions are to answer.

    Attributes
    ----------
    version : int
        The version that answers.
    alias : str or None
        The alias that leads to it; None if it was named by its number.
    challenger : int or None
        The version that answers the challenger's share.
    """

    version: int
    alias: str | None = None
    challenger: int | None = None

    @property
    def versions(self) -> frozenset[int]:
        """All versions that answer."""
        return frozenset(each for each in (self.version, self.challenger) if each is not None)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where one request goes.

    Attributes
    ----------
    version : int
        The version.
    alias : str or None
        Its alias.
    replicas : ReplicaSet
        What answers.
    """

    version: int
    alias: str | None
    replicas: ReplicaSet


class ServedModel:
    """The versions that answer for one registered model.

    Parameters
    ----------
    name : str
        Name of the registered model.
    make_set : callable (int) -> ReplicaSet
        Makes the replicas of a version, not opened yet.
    challenger_share : float
        Share of requests that the challenger answers.
    """

    def __init__(
        self, name: str, make_set: Callable[[int], ReplicaSet], *, challenger_share: float = 0.0
    ) -> None:
        self.name = name
        self._make_set = make_set
        self._share = challenger_share
        self._sets: dict[int, ReplicaSet] = {}
        self._placement: Placement | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._draw = random.Random()  # which requests go to the challenger need not be repeatable
        self.n_swaps = 0
        self.problem = ""

    @property
    def placement(self) -> Placement | None:
        """Which versions answer; None before the first one does."""
        return self._placement

    @property
    def is_ready(self) -> bool:
        """Whether a request would be answered at once."""
        placement = self._placement
        return placement is not None and self._sets[placement.version].n_alive > 0

    @property
    def sets(self) -> dict[int, ReplicaSet]:
        """The replicas by version."""
        return dict(self._sets)

    def choose(self) -> Chosen | None:
        """Return what answers the next request; None before there is anything.

        Ask it before anything is awaited.
        """
        placement = self._placement
        if placement is None:
            return None
        challenger = placement.challenger
        if (
            challenger is not None
            and self._draw.random() < self._share
            and self._sets[challenger].n_alive
        ):
            return Chosen(challenger, "challenger", self._sets[challenger])
        return Chosen(placement.version, placement.alias, self._sets[placement.version])

    async def place(self, wanted: Placement) -> None:
        """Let other versions answer from now on.

        Raises
        ------
        UserError
            A version cannot be opened; nothing has changed then.
        """
        if wanted == self._placement:
            return
        new = {version: self._make_set(version) for version in wanted.versions - self._sets.keys()}
        opened: list[ReplicaSet] = []
        try:
            for each in new.values():
                await each.open()
                opened.append(each)
        except BaseException:
            for each in opened:
                await each.abandon()
            raise
        before = self._placement
        self._sets.update(new)
        self._placement = wanted
        if before is not None and before.version != wanted.version:
            self.n_swaps += 1
            _LOG.info(
                "%s: version %d takes over from %d", self.name, wanted.version, before.version
            )
        for version in [each for each in self._sets if each not in wanted.versions]:
            retiring = asyncio.create_task(self._sets.pop(version).close())
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        """Answer what has been asked, and end all replicas."""
        self._placement = None
        await asyncio.gather(*(each.close() for each in self._sets.values()), *self._retiring)
        self._sets.clear()
