"""Recognise passing faults of stores and full disks, and raise `StoreUnavailableError` for them."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from espalier.pipelines.errors import EspalierError, StoreUnavailableError
from espalier.pipelines.redaction import redact

# Messages of sqlite, PostgreSQL, requests and MLflow for errors after which a retry may help.
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

# With less free space than this, a full disk is assumed to be the cause of a failed run.
_LITTLE_BYTES = 1 << 18
# Error codes for a full disk, an exceeded quota, or too large a file.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Context manager that turns a full disk into `StoreUnavailableError`.

    Parameters
    ----------
    folder : Path
        The folder that is written to.
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
    """Return the message ``text`` of ``error``, or that the disk of ``folder`` is full if it is.

    A full disk appears in many forms, depending on the library or server that met it.
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
    """Context manager that turns passing faults of a store into `StoreUnavailableError`.

    Parameters
    ----------
    store : str
        Name of the store in messages, such as its URI; passwords in it are removed.
    """
    try:
        yield
    except StoreUnavailableError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if not _can_pass(error, text):
            if redact(text) != text:  # the traceback would show the password
                raise EspalierError(f"{type(error).__name__}: {redact(text)[:500]}") from None
            raise
        raise StoreUnavailableError(
            f"the store {redact(store)!r} does not answer: {redact(text)[:200]}"
        ) from (error if redact(text) == text else None)


def _can_pass(error: Exception, text: str) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    # Errors of MLflow, SQLAlchemy and requests, recognised by name to avoid importing these.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if not kinds & {"MlflowException", "OperationalError", "RequestException", "OSError"}:
        return False
    return any(sign in text.lower() for sign in _PASSING)
