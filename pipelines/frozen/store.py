"""Vectors of frozen networks on disk, found by network and content.

A second search on the same pictures, a retraining, or another process computes nothing again. The
store is an SQLite file in the user's cache folder (or in ``ESPALIER_HOME``, where that is set); it
holds numbers and digests, nothing of the contents themselves, and can be deleted at any time. A
store that cannot be opened, is damaged or full only costs time.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.frozen.network import Vector

MOST_BYTES = 2 << 30
"""Size beyond which the oldest vectors are deleted."""
_AT_ONCE = 500  # SQLite allows so many parameters everywhere
_PATIENCE = 5.0


def default_folder() -> Path:
    """Return the folder of the store: of ``ESPALIER_HOME`` if set, else of the user's cache."""
    home = os.environ.get("ESPALIER_HOME")
    if home:
        return Path(home) / "features"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "espalier" / "features"


class VectorStore:
    """Vectors by the network that made them and the digest of their content.

    Parameters
    ----------
    folder : Path or None
        Folder of the file; None for `default_folder`.
    most_bytes : int
        Size to stay below.
    """

    def __init__(self, folder: Path | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._path = (default_folder() if folder is None else folder) / "vectors.sqlite"
        self._most_bytes = most_bytes

    def find(self, network: str, digests: Sequence[bytes]) -> dict[bytes, Vector]:
        """Return the known ones of these contents, by digest.

        Parameters
        ----------
        network : str
            The network's identity.
        digests : sequence of bytes
            The contents wanted.
        """
        found: dict[bytes, Vector] = {}
        if not self._path.exists():
            return found
        with self._opened() as database:
            if database is None:
                return found
            try:
                for start in range(0, len(digests), _AT_ONCE):
                    part = digests[start : start + _AT_ONCE]
                    marks = ",".join("?" * len(part))
                    query = (
                        "SELECT digest, vector FROM vectors WHERE network = ? "
                        f"AND digest IN ({marks})"
                    )
                    for digest, vector in database.execute(query, (network, *part)):
                        found[digest] = _unpacked(vector)
            except sqlite3.Error:
                return found
        return found

    def keep(self, network: str, vectors: Mapping[bytes, Vector]) -> None:
        """Add vectors by digest; those that are known stay as they are."""
        if not vectors:
            return
        with self._opened() as database:
            if database is None:
                return
            try:
                with database:
                    database.executemany(
                        "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
                        [(network, digest, _packed(each)) for digest, each in vectors.items()],
                    )
                    self._make_room(database)
            except sqlite3.Error:  # a full disk, or a lock that is held for long
                return

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """Yield a connection, or None where the file cannot be opened."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=_PATIENCE)
        except (OSError, sqlite3.Error):
            yield None
            return
        with closing(database):
            try:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors ("
                    "network TEXT, digest BLOB, vector BLOB, PRIMARY KEY (network, digest))"
                )
            except sqlite3.DatabaseError:  # no database, or one that may not be written
                yield None
                return
            yield database

    def _make_room(self, database: sqlite3.Connection) -> None:
        """Delete the oldest tenth if the file has become too large."""
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        if (pages - free) * size > self._most_bytes:
            (count,) = database.execute("SELECT COUNT(*) FROM vectors").fetchone()
            database.execute(
                "DELETE FROM vectors WHERE rowid IN "
                "(SELECT rowid FROM vectors ORDER BY rowid LIMIT ?)",
                (max(1, count // 10),),
            )


def _packed(vector: Vector) -> bytes:
    """Return a vector as float16: features are means of small numbers, and half the size counts."""
    return vector.astype("<f2").tobytes()


def _unpacked(stored: bytes) -> Vector:
    return np.frombuffer(stored, dtype="<f2").astype(np.float16)


def as_stored(vector: NDArray[np.float32]) -> Vector:
    """Return a vector as it comes out of the store, so that it makes no difference to a model."""
    return vector.astype(np.float16)
