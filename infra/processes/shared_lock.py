"""A lock for processes that share no disk: in PostgreSQL, or as an object of a file system.

The first is `espalier.infra.processes.postgres_lock`. An object in a bucket stays when its owner is
killed; its owner writes it anew every few seconds, and one that has not changed for `STALE_SECONDS`
may be taken over, which its old owner notices when it next looks.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import uuid4

from espalier.infra.processes.lock_record import (
    lock_content,
    lock_record,
    object_of,
    owner_in_words,
)
from espalier.infra.processes.postgres_lock import PostgresLock
from espalier.infra.processes.shared_place import SharedPlace, shared_place
from espalier.infra.settings import Settings
from espalier.pipelines.errors import StoreUnavailableError

_LOG = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
STALE_SECONDS = 40.0
_POLL_SECONDS = 0.5


class SharedLock(Protocol):
    """A lock that processes of several machines agree on."""

    def acquire(self, patience: float = 0.0) -> str | None:
        """Acquire it; return None, or who holds it after ``patience`` seconds."""

    def is_lost(self) -> bool:
        """Return whether this process acquired it and holds it no longer; asks the store."""

    def owner(self) -> dict[str, Any]:
        """Return what is known of the present owner, for messages and records."""

    def release(self) -> None:
        """Release it, if this process holds it."""


class ObjectLock:
    """A lock that is an object of a file system that creates objects on condition.

    Parameters
    ----------
    place : SharedPlace
        Where it is.
    name : str
        What is locked.
    stale_seconds : float
        How long an owner may be silent.
    """

    def __init__(
        self, place: SharedPlace, name: str, *, stale_seconds: float = STALE_SECONDS
    ) -> None:
        self._place = place
        self._path = object_of(name)
        self._stale = stale_seconds
        self._token = ""
        self._over = threading.Event()
        self._lost = False

    def acquire(self, patience: float = 0.0) -> str | None:
        """Acquire it; return None, or who holds it after ``patience`` seconds.

        The lock of a silent owner is watched for as long as an owner may be silent, whatever the
        patience.
        """
        end = time.monotonic() + patience
        seen, since = b"", time.monotonic()
        while not self._create():
            there = self._place.read(self._path) or b""
            now = time.monotonic()
            if there != seen:
                if seen and there and now >= end:
                    return owner_in_words(
                        lock_record(there)
                    )  # it has beaten meanwhile: its owner lives
                seen, since = there, now
            elif there and now - since > self._stale:
                self._evict(there)
            time.sleep(_POLL_SECONDS)
        threading.Thread(target=self._beat, name="beat-shared-lock", daemon=True).start()
        return None

    def is_lost(self) -> bool:
        """Return whether somebody else has taken the lock over since."""
        if self._token and not self._lost:
            there = self._place.read(self._path)
            # Where a file is not replaced as a whole, our own beat may be half written.
            is_half = there is not None and not lock_record(there)
            self._lost = not is_half and lock_record(there or b"").get("token") != self._token
        return bool(self._token) and self._lost

    def owner(self) -> dict[str, Any]:
        """Return what the lock says of its owner; empty without one."""
        return lock_record(self._place.read(self._path) or b"")

    def release(self) -> None:
        """Release it, if this process still holds it."""
        self._over.set()
        if self._token and not self.is_lost():
            self._place.remove(self._path)
        self._token = ""

    def _create(self) -> bool:
        token = uuid4().hex
        if not self._place.create(self._path, lock_content(token)):
            return False
        self._token, self._lost = token, False
        self._over = threading.Event()
        return True

    def _evict(self, gone: bytes) -> None:
        """Remove the lock of a silent owner, unless it has changed since."""
        if self._place.read(self._path) == gone:
            _LOG.info(
                "taking over the lock of %s, which is silent", owner_in_words(lock_record(gone))
            )
            self._place.remove(self._path)

    def _beat(self) -> None:
        """Write the lock anew until it is released, as a sign of life."""
        over, token = self._over, self._token
        while not over.wait(min(BEAT_SECONDS, self._stale / 4)):
            try:
                if self.is_lost():
                    return
                if not over.is_set():
                    self._place.write(self._path, lock_content(token))
            except (OSError, StoreUnavailableError):  # the next beat may come through
                _LOG.info("a sign of life could not be written", exc_info=True)


def shared_lock(settings: Settings, name: str) -> SharedLock | None:
    """Return the lock of this name that machines agree on; None if they share no folder."""
    place = shared_place(settings)
    if place is None:
        return None
    url = settings.shared_locks_url
    return ObjectLock(place, name) if url is None else PostgresLock(url, name, place)


@contextmanager
def held_by_one_machine(
    settings: Settings, name: str, *, patience: float, on_wait: Callable[[str], None] | None
) -> Iterator[str | None]:
    """Hold the shared lock for the block; yield None, or who else holds it after the patience.

    Where machines share nothing, there is nothing to hold.

    Parameters
    ----------
    settings : Settings
        Say what is shared.
    name : str
        What is locked.
    patience : float
        Longest time to wait, in seconds.
    on_wait : callable or None
        Called once, if it must wait, with a text about the holder.
    """
    lock = shared_lock(settings, name)
    if lock is None:
        yield None
        return
    holder = lock.acquire()
    if holder is not None and patience > 0:
        if on_wait is not None:
            on_wait(holder)
        holder = lock.acquire(patience)
    try:
        yield holder
    finally:
        if holder is None:
            lock.release()
