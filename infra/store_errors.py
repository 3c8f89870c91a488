"""Which faults of a store can pass, and what they are called then."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from espalier.pipelines.errors import EspalierError, StoreUnavailableError
from espalier.pipelines.redaction import redact

# How sqlite, PostgreSQL, requests and MLflow put it when trying again may help.
_PASSING = (
    "database is locked",
    "database table is locked",
    "disk i/o error",
    "disk is full",
    "no space left",
    "disk quota exceeded",
    "connection refused",
    "connection reset",
    "connection aborted",
    "could not connect",
    "server closed the connection",
    "max retries exceeded",
    "timed out",
    "timeout expired",
    "can't connect",
    "too many clients",
    "deadlock detected",
    "could not serialize",
    "temporarily_unavailable",
    "503",
)

# With less room than this on its disk, that is what is wrong with a run that failed.
_LITTLE_BYTES = 1 << 18
# What a disk says that is full, over its quota, or past the size a file may have.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full disk into `StoreUnavailableError`; let other errors through.

    Parameters
    ----------
    folder : Path
        Where it is being written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StoreUnavailableError(
            f"{str(folder)!r} cannot be written ({error.strerror}); make room on its disk, then "
            "the same command continues"
        ) from error


def explained(error: BaseException, folder: Path, text: str) -> str:
    """Return ``text``, what ``error`` says, or rather that the disk of ``folder`` is full.

    Whoever met the full disk, a server among them, puts it in words of its own.
    """
    if isinstance(error, StoreUnavailableError) and "make room" in text:
        return text
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return text
    if free > _LITTLE_BYTES:
        return text
    return f"the disk of {str(folder)!r} is full; make room, then the same command continues"


@contextmanager
def store_errors(store: str) -> Iterator[None]:
    """Turn a store's passing fault into `StoreUnavailableError`; let the others through.

    Parameters
    ----------
    store : str
        What to call the store, such as its URI; passwords in it are not shown.
    """
    try:
        yield
    except StoreUnavailableError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if not _can_pass(error, text):
            if redact(text) != text:  # the traceback would show it
                raise EspalierError(f"{type(error).__name__}: {redact(text)[:500]}") from None
            raise
        raise StoreUnavailableError(
            f"the store {redact(store)!r} does not answer: {redact(text)[:200]}"
        ) from (error if redact(text) == text else None)


def _can_pass(error: Exception, text: str) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    # MlflowException, SQLAlchemy's and requests' errors, told by name to spare their imports.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if not kinds & {"MlflowException", "OperationalError", "RequestException", "OSError"}:
        return False
    return any(sign in text.lower() for sign in _PASSING)
