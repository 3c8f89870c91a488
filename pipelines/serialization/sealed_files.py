"""Sealed pickles: files with a keyed hash of their content, which is checked before opening.

Opening a pickle can run any code, and a continued run opens the pickles in its folder. So each is
sealed with a key that only this installation has: a keyed hash (BLAKE2b, RFC 7693) of the content
follows the pickle. A foreign file in a run folder, or a folder from elsewhere, has no valid seal
and is not opened.
"""

import hashlib
import hmac
import os
import pickle
import secrets
from pathlib import Path
from typing import IO, Any

import cloudpickle

from espalier.pipelines.errors import UserError
from espalier.pipelines.serialization.to_disk import keep_on_disk, replacing

KEY_BYTES = 32
_SEAL_BYTES = 32
_BLOCK = 1 << 20


class UnsealedError(UserError):
    """A file does not carry the seal of this installation, so it is not opened."""


class OutdatedFileError(UserError):
    """A file of this installation names classes that this version does not have."""


def new_key() -> bytes:
    """Return a new random key."""
    return secrets.token_bytes(KEY_BYTES)


def dump_sealed(
    value: Any, path: Path, key: bytes, *, by_value: bool = False, to_disk: bool = False
) -> None:
    """Pickle ``value`` to ``path`` with its seal; the file is written atomically.

    Parameters
    ----------
    value : object
        The object to pickle.
    path : Path
        The file; its folder is created.
    key : bytes
        The key, of `KEY_BYTES` bytes.
    by_value : bool
        Whether classes defined in ``__main__``, such as a user's own learners, are included.
    to_disk : bool
        Whether it is flushed, so that it is there after a power cut.
    """
    with replacing(path, to_disk=to_disk) as partial, partial.open("wb") as file:
        hashed = _HashedFile(file, key)
        dump = cloudpickle.dump if by_value else pickle.dump
        dump(value, hashed, protocol=pickle.HIGHEST_PROTOCOL)
        file.write(hashed.digest)
    if to_disk:
        keep_on_disk(path)


def load_sealed(path: Path, key: bytes) -> Any:
    """Load an object that `dump_sealed` wrote.

    Raises
    ------
    UnsealedError
        The seal is missing or wrong. Nothing of the file was unpickled.
    OutdatedFileError
        Another version of Espalier wrote it, with classes that are elsewhere now.
    """
    with path.open("rb") as file:
        # Hash and load through the same open file: the path may point to another one by then.
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
    """Return the seal of ``content`` followed by ``content``."""
    return hashlib.blake2b(content, key=key, digest_size=_SEAL_BYTES).digest() + content


def unsealed(blob: bytes, key: bytes, what: str) -> bytes:
    """Return the content that was sealed by `sealed`; raise `UnsealedError` naming ``what``."""
    content = blob[_SEAL_BYTES:]
    if not hmac.compare_digest(sealed(content, key), blob):
        raise UnsealedError(f"{what} was not written by this installation, so it is not opened")
    return content


class _HashedFile:
    """A writable file that also hashes everything written to it."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        self._hash = hashlib.blake2b(key=key, digest_size=_SEAL_BYTES)

    def write(self, data: Any) -> int:
        """Write and hash ``data``, bytes or a buffer."""
        self._hash.update(data)
        return self._file.write(data)

    @property
    def digest(self) -> bytes:
        """The seal of everything written."""
        return self._hash.digest()
