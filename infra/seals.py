"""Pickles that are only opened when this installation wrote them.

Opening a pickle runs whatever its writer put into it, and a run that is continued opens those of
its folder. Each is therefore sealed with a key of the home folder that no other user may read: a
keyed hash (BLAKE2b, RFC 7693) of the content follows the pickle. A file that somebody dropped into
a run folder, or a run folder that came from elsewhere, does not carry it and is not opened.
"""

import hashlib
import hmac
import os
import pickle
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from pipelines.errors import UserError

KEY_FILE = "seal.key"
_KEY_BYTES = 32
_SEAL_BYTES = 32
_BLOCK = 1 << 20


class UnsealedError(UserError):
    """A file does not carry the seal of this installation, so it is not opened."""


def seal_key(home: Path) -> bytes:
    """Return the key of a home folder; made at its first use, readable by its owner alone.

    Raises
    ------
    UserError
        It cannot be read, or made.
    """
    path = Path(home) / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"the key {str(path)!r} cannot be used ({error.strerror}); it belongs to the user who "
            "made this home folder: take your own with ESPALIER_HOME"
        ) from None
    if len(key) != _KEY_BYTES:
        raise UserError(
            f"the key {str(path)!r} is damaged; remove it (unfinished runs start over then)"
        )
    return key


def dump_sealed(value: Any, path: Path, key: bytes) -> None:
    """Pickle ``value`` to ``path`` with its seal; a reader never finds half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            hashed = _HashedFile(file, key)
            pickle.dump(value, hashed, protocol=pickle.HIGHEST_PROTOCOL)
            file.write(hashed.digest)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_sealed(path: Path, key: bytes) -> Any:
    """Return what `dump_sealed` wrote.

    Raises
    ------
    UnsealedError
        The seal is missing or wrong. Nothing of the file was unpickled.
    """
    with path.open("rb") as file:
        # Hashed through the same open file that is read: a path may name another one by then.
        left = file.seek(0, os.SEEK_END) - _SEAL_BYTES
        file.seek(0)
        digest = hashlib.blake2b(key=key, digest_size=_SEAL_BYTES)
        while left > 0:
            block = file.read(min(_BLOCK, left))
            digest.update(block)
            left -= len(block)
        if left < 0 or not hmac.compare_digest(file.read(), digest.digest()):
            raise UnsealedError(
                f"{str(path)!r} was not written by this installation, so it is not opened; "
                f"remove the folder {str(path.parent)!r} to start the run over"
            )
        file.seek(0)
        return pickle.load(file)


def sealed(content: bytes, key: bytes) -> bytes:
    """Return ``content`` with its seal before it."""
    return hashlib.blake2b(content, key=key, digest_size=_SEAL_BYTES).digest() + content


def unsealed(blob: bytes, key: bytes, what: str) -> bytes:
    """Return what `sealed` was given, or raise `UnsealedError` that names ``what``."""
    content = blob[_SEAL_BYTES:]
    if not hmac.compare_digest(sealed(content, key), blob):
        raise UnsealedError(f"{what} was not written by this installation, so it is not opened")
    return content


def _make_key(path: Path) -> None:
    """Write a new key, whole at once; another process may be first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class _HashedFile:
    """A file to write to that hashes what passes."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        self._hash = hashlib.blake2b(key=key, digest_size=_SEAL_BYTES)

    def write(self, data: Any) -> int:
        """Write and hash; pickle hands over large buffers as they are."""
        self._hash.update(data)
        return self._file.write(data)

    @property
    def digest(self) -> bytes:
        """The seal of everything written."""
        return self._hash.digest()
