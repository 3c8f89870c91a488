"""A data source as it is recorded: it names the same data from every working folder."""

import os
from pathlib import Path

from espalier.infra.sqlite_urls import sqlite_url
from espalier.infra.tables.databases import is_database

_LOCAL_URLS = ("file", "local")
_OPTIONS = "?"


def lasting_source(source: str) -> str:
    """Return the source with its path, if it has one of this machine, made absolute.

    A relative one is relative to the working folder of now. URLs of other machines stay as they
    are, and so does what begins with a placeholder (``${NAME}/...``, ``block:secret/...``), whose
    value is known elsewhere.
    """
    if is_database(source):
        return _lasting_database(source)
    # The last part of a chain such as zip://a.csv::data.zip is where the data come from.
    chain, separator, last = source.rpartition("::")
    if separator and "://" not in chain:  # not a chain, but colons in a name
        chain, separator, last = "", "", source
    scheme, slashes, path = last.rpartition("://")
    if (slashes and scheme not in _LOCAL_URLS) or path.startswith(("${", "block:secret/")):
        return source
    lasting = path if os.path.isabs(path) else os.path.abspath(path)
    return chain + separator + scheme + slashes + lasting


def is_lasting(source: str) -> bool:
    """Return whether the source means the same from every working folder."""
    return lasting_source(source) == source


def _lasting_database(source: str) -> str:
    """Return the URL of a database; that of a sqlite or DuckDB file has an absolute path."""
    address, slashes, place = source.partition("://")
    dialect, _, driver = address.partition("+")
    path, mark, options = place.removeprefix("/").partition(_OPTIONS)
    # Four slashes: absolute. Anything before the third one would be a host.
    is_file = place.startswith("/") and path and not path.startswith(("/", ":", "file:", "${"))
    if dialect.lower() not in ("sqlite", "duckdb") or not is_file or os.path.isabs(path):
        return source
    if dialect.lower() == "duckdb" or mark:
        return f"{address}{slashes}/{os.path.abspath(path)}{mark}{options}"
    return sqlite_url(Path(os.path.abspath(path)), driver=driver or "pysqlite")
