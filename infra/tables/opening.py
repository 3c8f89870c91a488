"""Open files and URLs as decompressed bytes."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
from typing import IO, Any, cast

from espalier.infra.tables.source_access import guard_for
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact, redact_source

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zip", ".zst")


def exists_locally(source: str) -> bool | None:
    """Return whether a local path exists; None for a URL, which must be opened to find out."""
    return None if _is_url(source) else os.path.exists(source)


def open_bytes(source: str, *, decompress: bool = True) -> IO[bytes]:
    """Open a file or fsspec URL for reading, decompressed according to its ending.

    Raises
    ------
    UserError
        The URL's protocol is unknown or its driver is not installed, or an archive holds not
        exactly one file.
    OSError
        It cannot be opened.
    """
    raw = _open_url(source) if _is_url(source) else open(source, "rb")  # noqa: SIM115
    return _unpacked(raw, source) if decompress else raw


def _is_url(source: str) -> bool:
    return "://" in source


def _open_url(source: str) -> IO[bytes]:
    import fsspec

    guard = guard_for(source)
    try:
        return cast(IO[bytes], fsspec.open(source, "rb", **(guard.options if guard else {})).open())
    except Exception as error:
        if guard is None or guard.refused is None:
            raise _as_user_error(source, error) from None
        raise UserError(
            f"{redact_source(source)!r} leads to {guard.refused}, which is no public address, and "
            "is not read for a form"
        ) from None


def _as_user_error(source: str, error: Exception) -> Exception:
    """Return the error to raise: a `UserError` where the address itself is what is wrong."""
    if isinstance(error, ImportError):
        return UserError(
            f"{redact_source(source)!r} needs a package that is not installed: {redact(str(error))}"
        )
    if isinstance(error, ValueError) and "protocol" in str(error).lower():
        return UserError(f"{redact_source(source)!r} is neither a file nor a known kind of URL")
    return error


def _unpacked(raw: IO[bytes], source: str) -> IO[bytes]:
    ending = os.path.splitext(source.split("?", 1)[0] if _is_url(source) else source)[1].lower()
    packed = cast(Any, raw)
    if ending == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=packed))
    if ending == ".bz2":
        return bz2.BZ2File(packed)
    if ending == ".xz":
        return lzma.LZMAFile(packed)
    if ending == ".zip":
        return _only_member(packed, source)
    if ending == ".zst":
        import pyarrow as pa  # reads zstd without a package of its own

        return io.BytesIO(pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd").read())
    return raw


def _only_member(raw: IO[bytes], source: str) -> IO[bytes]:
    archive = zipfile.ZipFile(raw)
    names = [
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith("__MACOSX/")
    ]
    if len(names) != 1:
        raise UserError(
            f"{redact_source(source)!r} holds {len(names)} files; give an archive of exactly one "
            "table"
        )
    return archive.open(names[0])
