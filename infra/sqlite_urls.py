"""Addresses of sqlite files for SQLAlchemy, whatever the names of their folders hold."""

import re
from pathlib import Path
from urllib.parse import quote

# What no reader of addresses takes for anything but a letter of the path.
_HARMLESS = re.compile(r"[\w/\\:.\- ]*")


def sqlite_url(path: Path, driver: str = "pysqlite") -> str:
    """Return the address of the database file at ``path``, which must be absolute.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    driver : str
        SQLAlchemy's name of the driver.
    """
    if _HARMLESS.fullmatch(str(path)):
        dialect = "sqlite" if driver == "pysqlite" else f"sqlite+{driver}"
        return f"{dialect}:///{path}"
    # A question mark would begin the options, and MLflow decodes what looks like %20. In this form
    # sqlite itself decodes the path. With the driver's name, MLflow does not take it for a path.
    encoded = quote(str(path))
    if _decodes_paths():
        encoded = quote(encoded)
    return f"sqlite+{driver}:///file:{encoded}?uri=true"


def _decodes_paths() -> bool:
    """Whether SQLAlchemy decodes a path before sqlite does; it does so since 2.1."""
    from sqlalchemy import make_url

    return make_url("sqlite:///%25").database == "%"
