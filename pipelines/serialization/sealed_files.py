"""Pickles that carry a keyed hash of their content, and are not opened without it.

Opening a pickle runs whatever its writer put into it, and a run that is continued opens those of
its folder. So each is sealed with a key that only its writer has: a keyed hash (BLAKE2b, RFC 7693)
of the content follows the pickle. A file that somebody dropped into a run folder, or a folder that
came from elsewhere, does not carry it and is not opened.
"""

import hashlib
import hmac
import os
import pickle
import secrets
from pathlib import Path
from typing import IO, Any

from espalier.pipelines.errors import UserError

KEY_BYTES = 32
_SEAL_BYTES = 32
_BLOCK = 1 << 20


class UnsealedError(UserError):
    """A file does not carry the seal of this installation, so it is not opened."""


class OutdatedFileError(UserError):
    """A file of this installation names classes that this version does not have."""


def new_key() -> bytes:
    """Return a key that nobody else has."""
    return secrets.token_bytes(KEY_BYTES)


def dump_sealed(value: Any, path: Path, key: bytes, *, by_value: bool = False) -> None:
    """Pickle ``value`` to ``path`` with its seal; a reader never finds half a file.

    Parameters
    ----------
    value : object
        What to write.
    path : Path
        Its folder is made.
    key : bytes
        Of `KEY_BYTES`.
    by_value : bool
        Whether classes that live in ``__main__``, such as a user's own learners, go along.
    """
    import cloudpickle

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            hashed = _HashedFile(file, key)
            dump = cloudpickle.dump if by_value else pickle.dump
            dump(value, hashed, protocol=pickle.HIGHEST_PROTOCOL)
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
    OutdatedFileError
        Another version of Espalier wrote it, with classes that are elsewhere now.
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
        try:
            return pickle.load(file)
        except (ImportError, AttributeError) as error:
            raise OutdatedFileError(
                f"{str(path)!r} was written by another version of Espalier and cannot be opened "
                f"({error}); remove the folder {str(path.parent)!r} to start the run over"
            ) from error


def sealed(content: bytes, key: bytes) -> bytes:
    """Return ``content`` with its seal before it."""
    return hashlib.blake2b(content, key=key, digest_size=_SEAL_BYTES).digest() + content


def unsealed(blob: bytes, key: bytes, what: str) -> bytes:
    """Return what `sealed` was given, or raise `UnsealedError` that names ``what``."""
    content = blob[_SEAL_BYTES:]
    if not hmac.compare_digest(sealed(content, key), blob):
        raise UnsealedError(f"{what} was not written by this installation, so it is not opened")
    return content


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
