"""Expand glob patterns to files."""

import glob
import os
import re

from espalier.infra.tables.databases import is_database
from espalier.infra.tables.source_access import guard_for, open_to_us, require_matches_open
from espalier.infra.tables.workbooks.names import split_sheet, with_sheet
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact, redact_source

_PATTERN = re.compile(r"[*?\[]")


def expand_sources(source: str) -> tuple[str, ...]:
    """Return the files that a pattern such as ``in/2026-*.csv`` or ``s3://b/*.csv`` matches.

    An existing file of exactly this name, a name that is not a pattern, and a database URL are
    returned unchanged, with their placeholders. ``**`` matches any depth of folders.

    Raises
    ------
    UserError
        Nothing matches, or a form may not have it read.
    """
    written, source = source, open_to_us(source)
    if is_database(source):
        return (written,)
    path, sheet = split_sheet(source)
    found: tuple[str, ...] = (written,)
    if "://" in source:
        # In a URL a question mark begins the query.
        if "*" in path:
            found = tuple(with_sheet(each, sheet) for each in _of_url(path))
    elif _PATTERN.search(path) and not os.path.exists(path):
        matches = glob.glob(path, recursive=True)
        files = require_matches_open(tuple(sorted(filter(os.path.isfile, matches))))
        found = tuple(with_sheet(each, sheet) for each in files)
    if not found:
        raise UserError(f"no file matches {redact_source(source)!r}; check the pattern")
    return found


def _of_url(source: str) -> tuple[str, ...]:
    import fsspec

    guard = guard_for(source)
    try:
        system, pattern = fsspec.core.url_to_fs(source, **(guard.options if guard else {}))
        return tuple(sorted(system.unstrip_protocol(path) for path in system.glob(pattern)))
    except (ImportError, ValueError, OSError) as error:
        raise UserError(
            f"the files of {redact_source(source)!r} cannot be listed: {redact(str(error))[:200]}"
        ) from None
