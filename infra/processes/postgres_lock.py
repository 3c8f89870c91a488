"""A lock in PostgreSQL, for machines that share no disk.

PostgreSQL frees a lock when the connection of its owner ends, so a killed owner holds nobody up. An
owner whose connection alone was lost, as when the database is restarted, takes the lock again if
nobody had it meanwhile.
"""

import logging
import time
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.processes.lock_record import lock_content, lock_record, object_of
from espalier.infra.processes.shared_place import SharedPlace
from espalier.pipelines.errors import StoreUnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.5


class PostgresLock:
    """An advisory lock of a PostgreSQL database, held by a connection of its own.

    Parameters
    ----------
    url : str
        SQLAlchemy's URL of the database.
    name : str
        What is locked.
    place : SharedPlace
        Where each owner leaves its record, by which an earlier one sees that it was followed.
    """

    def __init__(self, url: str, name: str, place: SharedPlace) -> None:
        self._url = url
        self._place = place
        self._path = object_of(name)
        self._token = ""
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
                if self._try(connection):
                    token = uuid4().hex
                    self._place.write(self._path, lock_content(token))
                    self._token, self._connection = token, connection
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
        """Return whether somebody else has or had the lock since.

        Raises
        ------
        StoreUnavailableError
            The connection that held the lock is gone, and there is no other yet.
        """
        import sqlalchemy as sa

        if self._connection is None:
            return bool(self._token)
        try:
            self._connection.scalar(sa.text("select 1"))
        except sa.exc.DBAPIError:
            return not self._regain()
        return False

    def owner(self) -> dict[str, Any]:
        """Return what is known of the present owner."""
        with suppress(StoreUnavailableError):
            return lock_record(self._place.read(self._path) or b"")
        return {}

    def release(self) -> None:
        """Release it by ending its connection, if this process still holds it."""
        if self._connection is not None:
            with suppress(StoreUnavailableError):
                if self.owner().get("token") == self._token:
                    self._place.remove(self._path)
        self._token = ""
        self._disconnect()

    def _regain(self) -> bool:
        """Take the lock again on a new connection; return whether nobody had it meanwhile."""
        import sqlalchemy as sa

        connection = self._connect()
        try:
            is_mine = self._try(connection) and self.owner().get("token") == self._token
        except sa.exc.DBAPIError as error:
            connection.close()
            raise StoreUnavailableError(f"the lock's database failed: {error.orig}") from error
        self._disconnect()
        if is_mine:
            _LOG.info("the lock's database ended our connection; the lock is held again")
            self._connection = connection
        else:
            connection.close()
        return is_mine

    def _disconnect(self) -> None:
        import sqlalchemy as sa

        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sa.exc.DBAPIError):
                connection.close()

    def _try(self, connection: "Connection") -> bool:
        import sqlalchemy as sa

        return bool(connection.scalar(sa.text("select pg_try_advisory_lock(:k)"), {"k": self._key}))

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
