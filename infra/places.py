"""Folders and files of the user that may be read-only, full, or not there."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from espalier.pipelines.errors import UserError
from espalier.pipelines.serialization.strict_json import to_json

# What an error says where it is the place that is wrong, and trying again does not help.
_WRONG_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST)


def require_home(home: Path) -> None:
    """Make the home folder if there is none, and make sure that it can be written.

    Raises
    ------
    UserError
        It cannot.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(home))
    except OSError as error:
        said = wrong_home(error, home)
        if said is None:
            raise
        raise UserError(said) from None


def wrong_home(error: BaseException, home: Path) -> str | None:
    """Return what to say of an error that comes from a home folder where nothing can be written.

    None for any other error.
    """
    if not isinstance(error, OSError) or error.errno not in _WRONG_PLACE:
        return None
    path = Path(str(error.filename or ""))
    if path != home and home not in path.parents and path not in home.parents:
        return None
    if os.access(home, os.W_OK | os.X_OK):
        return None
    return (
        f"the home folder {str(home)!r} cannot be written ({error.strerror}); "
        "name another one with the environment variable ESPALIER_HOME"
    )


def require_writable(path: Path) -> None:
    """Make sure that the file ``path`` can be made or replaced, before anything is done for it.

    Raises
    ------
    UserError
        Its folder is not there or cannot be written, or it is a folder itself.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UserError(f"the folder of {str(path)!r} does not exist; make it first")
    if path.is_dir():
        raise UserError(f"{str(path)!r} is a folder; name a file")
    is_special = path.exists() and not path.is_file()  # such as /dev/stdout
    if not os.access(path if is_special else folder, os.W_OK):
        raise UserError(f"{str(path)!r} cannot be written (Permission denied); name another file")


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there as a whole or, if the disk is full, as it was.

    Raises
    ------
    UserError
        It cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        target = path.resolve()  # a link stays one
        partial = target.with_name(f".{os.getpid()}.{target.name}")
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be written: {error.strerror}") from None


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as standard JSON (`to_json`), as `write_whole` does; its folder is made.

    Raises
    ------
    UserError
        It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, to_json(record) + "\n")


def request_log_folder(home: Path, name: str) -> Path:
    """Return the folder of a model's request log, below the home folder whatever it is called."""
    plain = quote(name, safe=" ")
    return home / "requests" / (f"%2E{plain[1:]}" if plain.startswith(".") else plain)
