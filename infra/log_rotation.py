"""Keep log files small, whoever is writing to them.

Several processes append to a log: a server, its children, another command. A renamed file would be
written to by those that have it open, so its content is copied to ``NAME.1`` (and the copy before
to ``NAME.2``, ...) and the file emptied, as logrotate's ``copytruncate`` does. What is written
between the two is lost: a few lines of many megabytes.
"""

import logging
import os
import shutil
import time
from pathlib import Path

_LOG = logging.getLogger(__name__)

MOST_BYTES = 20 * 2**20
COPIES = 3
_DAY_SECONDS = 86_400.0


def rotate(path: Path, *, most_bytes: int = MOST_BYTES, copies: int = COPIES) -> bool:
    """Move the content of a log aside if it is too large; return whether that was done.

    Its writers must have opened it for appending. A disk that cannot take the copy is no error.

    Parameters
    ----------
    path : Path
        The log; it need not exist.
    most_bytes : int
        Size up to which it stays as it is.
    copies : int
        Number of earlier contents that are kept, as ``NAME.1`` (the latest) to ``NAME.copies``.
    """
    try:
        if path.stat().st_size <= most_bytes:
            return False
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        shutil.copyfile(path, partial)
        for number in range(copies - 1, 0, -1):
            earlier = _copy(path, number)
            if earlier.exists():
                earlier.replace(_copy(path, number + 1))
        partial.replace(_copy(path, 1))
        os.truncate(path, 0)
    except FileNotFoundError:
        return False
    except OSError:
        _LOG.info("%s cannot be rotated", path, exc_info=True)
        return False
    return True


def old_logs(folder: Path, *, days: float, now: float | None = None) -> tuple[Path, ...]:
    """Return the logs of a folder that nobody has written to for so many days, oldest first."""
    moment = time.time() if now is None else now
    found = []
    for path in folder.glob("*.log*"):
        try:
            written = path.stat().st_mtime
        except FileNotFoundError:  # another process removes them too
            continue
        if moment - written > days * _DAY_SECONDS:
            found.append((written, path))
    return tuple(path for _, path in sorted(found))


def _copy(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
