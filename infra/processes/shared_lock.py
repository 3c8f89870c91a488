"""A lock for processes that share no disk: in PostgreSQL, or as an object of a file system.

PostgreSQL frees a lock when the connection of its owner ends, so a killed owner holds nobody up. An
object in a bucket stays; its owner writes it anew every few seconds, and one that has not changed
for `STALE_SECONDS` may be taken over, which its old owner notices when it next looks.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.processes.shared_place import SharedPlace, shared_place
from espalier.infra.settings import Settings
from espalier.pipelines.errors import StoreUnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOG = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
STALE_SECONDS = 40.0
_POLL_SECONDS = 0.5
_FOLDER = ".locks"


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


class PostgresLock:
    """An advisory lock of a PostgreSQL database, held by a connection of its own.

    Parameters
    ----------
    url : str
        SQLAlchemy's URL of the database.
    name : str
        What is locked.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        digest = blake2b(f"espalier {name}".encode(), digest_size=8).digest()
        self._key = int.from_bytes(digest, "big", signed=True)
        self._connection: Connection | None = None

    def acquire(self, patience: float = 0.0) -> str | None:
        """Acquire it; return None, or who holds it after ``patience`` seconds."""
        import sqlalchemy as sa

        end = time.monotonic() + patience
        connection = self._connect()
        try:
            while True:
                if connection.scalar(sa.text("select pg_try_advisory_lock(:k)"), {"k": self._key}):
                    self._connection = connection
                    return None
                if time.monotonic() >= end:
                    return self._holder(connection)
                time.sleep(_POLL_SECONDS)
        except sa.exc.DBAPIError as error:
            raise StoreUnavailableError(f"the lock's database failed: {error.orig}") from error
        finally:
            if self._connection is not connection:
                connection.close()

    def is_lost(self) -> bool:
        """Return whether the connection that held the lock is gone."""
        import sqlalchemy as sa

        if self._connection is None:
            return False
        try:
            self._connection.scalar(sa.text("select 1"))
        except sa.exc.DBAPIError:
            return True
        return False

    def owner(self) -> dict[str, Any]:
        """Return what is known of the present owner."""
        with suppress(StoreUnavailableError):
            connection = self._connect()
            try:
                return {"host": self._holder(connection)}
            finally:
                connection.close()
        return {}

    def release(self) -> None:
        """Release it by ending its connection."""
        import sqlalchemy as sa

        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sa.exc.DBAPIError):
                connection.close()

    def _connect(self) -> "Connection":
        import sqlalchemy as sa
        from sqlalchemy.pool import NullPool

        engine = sa.create_engine(self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            connection = engine.connect()
            mine = ProcessIdentity.mine()
            name = f"espalier {mine.pid} on {mine.host}"[:60]
            named = sa.text("select set_config('application_name', :n, false)")
            connection.execute(named, {"n": name})
        except sa.exc.DBAPIError as error:
            raise StoreUnavailableError(f"the lock's database failed: {error.orig}") from error
        return connection

    def _holder(self, connection: "Connection") -> str:
        import sqlalchemy as sa

        found = connection.scalar(
            sa.text(
                "select a.application_name from pg_locks l join pg_stat_activity a using (pid) "
                "where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and "
                "((l.classid::bigint << 32) | l.objid::bigint) = :k"
            ),
            {"k": self._key},
        )
        return str(found or "another process")


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
        self._path = f"{_FOLDER}/{blake2b(name.encode(), digest_size=12).hexdigest()}.json"
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
                    return _words(_record(there))  # it has beaten meanwhile: its owner lives
                seen, since = there, now
            elif there and now - since > self._stale:
                self._evict(there)
            time.sleep(_POLL_SECONDS)
        threading.Thread(target=self._beat, name="beat-shared-lock", daemon=True).start()
        return None

    def is_lost(self) -> bool:
        """Return whether somebody else has taken the lock over since."""
        if self._token and not self._lost:
            self._lost = self.owner().get("token") != self._token
        return bool(self._token) and self._lost

    def owner(self) -> dict[str, Any]:
        """Return what the lock says of its owner; empty without one."""
        return _record(self._place.read(self._path) or b"")

    def release(self) -> None:
        """Release it, if this process still holds it."""
        self._over.set()
        if self._token and not self.is_lost():
            self._place.remove(self._path)
        self._token = ""

    def _create(self) -> bool:
        token = uuid4().hex
        if not self._place.create(self._path, _content(token)):
            return False
        self._token, self._lost = token, False
        self._over = threading.Event()
        return True

    def _evict(self, gone: bytes) -> None:
        """Remove the lock of a silent owner, unless it has changed since."""
        if self._place.read(self._path) == gone:
            _LOG.info("taking over the lock of %s, which is silent", _words(_record(gone)))
            self._place.remove(self._path)

    def _beat(self) -> None:
        """Write the lock anew until it is released, as a sign of life."""
        over, token = self._over, self._token
        while not over.wait(min(BEAT_SECONDS, self._stale / 4)):
            try:
                if self.is_lost():
                    return
                if not over.is_set():
                    self._place.write(self._path, _content(token))
            except (OSError, StoreUnavailableError):  # the next beat may come through
                _LOG.info("a sign of life could not be written", exc_info=True)


def shared_lock(settings: Settings, name: str) -> SharedLock | None:
    """Return the lock of this name that machines agree on; None if they share no folder."""
    place = shared_place(settings)
    if place is None:
        return None
    url = settings.shared_locks_url
    return ObjectLock(place, name) if url is None else PostgresLock(url, name)


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


def _content(token: str) -> bytes:
    record = ProcessIdentity.mine().to_dict() | {"token": token, "at": time.time()}
    return json.dumps(record).encode()


def _record(content: bytes) -> dict[str, Any]:
    try:
        record = json.loads(content)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _words(record: dict[str, Any]) -> str:
    return f"process {record.get('pid', '?')} on {record.get('host', '?')}"
