"""Expand glob patterns to files."""

import glob
import os
import re

from espalier.infra.tables.databases import is_database
from espalier.infra.tables.placeholders import fill_in
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact

_PATTERN = re.compile(r"[*?\[]")


def expand_sources(source: str) -> tuple[str, ...]:
    """Return the files that a pattern such as ``in/2026-*.csv`` or ``s3://b/*.csv`` matches.

    An existing file of exactly this name, a name that is not a pattern, and a database URL are
    returned unchanged. ``**`` matches any depth of folders.

    Raises
    ------
    UserError
        Nothing matches.
    """
    source = fill_in(source)
    if is_database(source):
        return (source,)
    if "://" in source:
        # In a URL a question mark begins the query.
        found = _of_url(source) if "*" in source else (source,)
    elif _PATTERN.search(source) and not os.path.exists(source):
        matches = glob.glob(source, recursive=True)
        found = tuple(sorted(path for path in matches if os.path.isfile(path)))
    else:
        found = (source,)
    if not found:
        raise UserError(f"no file matches {redact(source)!r}; check the pattern")
    return found


def _of_url(source: str) -> tuple[str, ...]:
    import fsspec

    try:
        system, pattern = fsspec.core.url_to_fs(source)
        return tuple(sorted(system.unstrip_protocol(path) for path in system.glob(pattern)))
    except (ImportError, ValueError, OSError) as error:
        raise UserError(
            f"the files of {redact(source)!r} cannot be listed: {redact(str(error))[:200]}"
        ) from None
