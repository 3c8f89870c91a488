"""The key with which this installation seals the pickles of its runs.

It is stored in the home folder, so that a run can be continued, and no other user may read it. For
the seal itself see `espalier.pipelines.serialization.sealed_files`.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from espalier.pipelines.errors import UserError
from espalier.pipelines.serialization.sealed_files import KEY_BYTES, new_key

KEY_FILE = "seal.key"


def seal_key(home: Path) -> bytes:
    """Return the seal key of a home folder; created at its first use, readable only by its owner.

    Raises
    ------
    UserError
        The key cannot be read or created.
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
    if len(key) != KEY_BYTES:
        raise UserError(
            f"the key {str(path)!r} is damaged; remove it (unfinished runs start over then)"
        )
    return key


def _make_key(path: Path) -> None:
    """Write a new key atomically, unless another process is first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new_key())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)
