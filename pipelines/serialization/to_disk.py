"""Write files whole, and flush them so that they are there after a power cut.

A written file is in memory until it is flushed, and so is its name: after a power cut a file may
be empty, or a folder may not have it. What a flushed record speaks of is flushed before it.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A new file's folder may be new as well: a run folder in `runs` in the home folder.
_LEVELS = 3
_CANNOT = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.EISDIR)


@contextmanager
def replacing(path: Path, *, to_disk: bool = False) -> Iterator[Path]:
    """Give a path to write to, whose file then takes the place of ``path`` in one step.

    A reader finds the earlier file or the whole new one. Where the block fails, the earlier one
    stays, and what was written is removed.

    Parameters
    ----------
    path : Path
        The file; its folder is created.
    to_disk : bool
        Whether the file and its name are flushed, so that it is there after a power cut.

    Raises
    ------
    OSError
        The disk cannot take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        if to_disk:  # before it has its name, which would be that of half a file
            _flush_file(partial)
        partial.replace(path)
        if to_disk:
            flush_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)  # frees its bytes on a full disk


def keep_on_disk(*paths: Path) -> None:
    """Flush these files, or folders with everything in them, and the folders that name them.

    Parameters
    ----------
    *paths : Path
        Files and folders; they must exist.

    Raises
    ------
    OSError
        The disk cannot take them.
    """
    for path in paths:
        for each in sorted(path.rglob("*"), reverse=True) if path.is_dir() else ():
            flush_folder(each) if each.is_dir() else _flush_file(each)
        flush_folder(path) if path.is_dir() else _flush_file(path)
    for folder in dict.fromkeys(each for path in paths for each in path.parents[:_LEVELS]):
        flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder, where its file system can do that and we may read it."""
    try:
        _flush_file(folder)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise


def _flush_file(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
