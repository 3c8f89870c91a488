"""A folder of any file system that fsspec knows: objects that are read and written whole."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from espalier.infra.settings import Settings
from espalier.pipelines.errors import StoreUnavailableError, UserError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LOG = logging.getLogger(__name__)

# Files of a local folder are written here and then moved to where they belong.
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """A folder that machines share, and its objects by their path below it.

    Attributes
    ----------
    filesystem : AbstractFileSystem
        The file system of fsspec.
    root : str
        The folder, as the file system writes it.
    """

    filesystem: "AbstractFileSystem"
    root: str

    def read(self, path: str) -> bytes | None:
        """Return the content of an object; None if there is none."""
        with _failures():
            try:
                self.filesystem.invalidate_cache(self._full(path))
                return bytes(self.filesystem.cat_file(self._full(path)))
            except FileNotFoundError:
                return None

    def write(self, path: str, content: bytes) -> None:
        """Write an object, in place of an earlier one: readers see either as a whole."""
        full = self._full(path)
        with _failures():
            self._make_parent(full)
            if _is_local(self.filesystem):
                partial = Path(self.root) / _PARTIAL / uuid4().hex
                partial.parent.mkdir(exist_ok=True)
                partial.write_bytes(content)
                partial.replace(full)
            else:
                self.filesystem.pipe_file(full, content)

    def create(self, path: str, content: bytes) -> bool:
        """Write an object unless there is one; return whether it was written."""
        full = self._full(path)
        with _failures():
            self._make_parent(full)
            try:
                if _is_local(self.filesystem):
                    with open(full, "xb") as file:
                        file.write(content)
                else:
                    self.filesystem.pipe_file(full, content, mode="create")
            except FileExistsError:
                return False
        return True

    def remove(self, path: str) -> None:
        """Remove an object, or a folder with all below it; nothing if there is none."""
        with _failures():
            try:
                self.filesystem.rm(self._full(path), recursive=True)
            except FileNotFoundError:
                return

    def below(self, folder: str) -> dict[str, dict[str, Any]]:
        """Return what the file system says of each object below a folder, by path in it."""
        full = self._full(folder)
        with _failures():
            self.filesystem.invalidate_cache(full)
            try:
                found = self.filesystem.find(full, detail=True)
            except FileNotFoundError:
                return {}
        return {
            name.removeprefix(full).lstrip("/"): dict(entry)
            for name, entry in found.items()
            if name != full
        }

    def folders(self, folder: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder, sorted."""
        full = self._full(folder)
        with _failures():
            self.filesystem.invalidate_cache(full)
            try:
                entries = self.filesystem.ls(full, detail=True)
            except FileNotFoundError:
                return ()
        return tuple(
            sorted(
                each["name"].rstrip("/").rpartition("/")[2]
                for each in entries
                if each["type"] == "directory"
            )
        )

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _make_parent(self, full: str) -> None:
        if _is_local(self.filesystem):  # buckets have no folders
            self.filesystem.makedirs(full.rpartition("/")[0], exist_ok=True)


def open_place(url: str) -> SharedPlace:
    """Return the folder that an fsspec URL names.

    Raises
    ------
    UserError
        The protocol is unknown, or its package is not installed.
    """
    import fsspec

    protocol = urlsplit(url).scheme or "file"
    try:
        filesystem, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UserError(
            f"files at {protocol}:// cannot be opened ({error}); for s3:// install s3fs, for "
            "gs:// gcsfs, for abfs:// adlfs"
        ) from None
    return SharedPlace(filesystem, str(root).rstrip("/"))


def shared_place(settings: Settings) -> SharedPlace | None:
    """Return the folder that machines share; None without the setting."""
    return None if settings.runs_url is None else open_place(settings.runs_url)


def _is_local(filesystem: "AbstractFileSystem") -> bool:
    protocols = filesystem.protocol
    return "file" in ((protocols,) if isinstance(protocols, str) else protocols)


@contextmanager
def _failures() -> Iterator[None]:
    """Tell failures of the network as those of a store, which may pass."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, UserError, StoreUnavailableError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise StoreUnavailableError(f"the shared folder of runs failed: {said}") from error
