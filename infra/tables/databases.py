"""Read tables from SQL databases by SQLAlchemy URL and query."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

from espalier.pipelines.errors import StoreUnavailableError, UserError
from espalier.pipelines.redaction import redact, redact_source

if TYPE_CHECKING:
    import sqlalchemy as sa

# The dialects that come with SQLAlchemy, and the most common others. Any other is recognised by
# `dialect+driver://`; a plain scheme such as s3:// is a file's.
_DIALECTS = frozenset(
    (
        "sqlite",
        "postgresql",
        "postgres",
        "mysql",
        "mariadb",
        "mssql",
        "oracle",
        "duckdb",
        "snowflake",
        "bigquery",
        "redshift",
        "clickhouse",
        "trino",
        "presto",
        "databricks",
        "cockroachdb",
        "db2",
        "teradatasql",
        "hive",
        "impala",
        "vertica",
    )
)


def is_database(source: str) -> bool:
    """Return whether ``source`` is a SQLAlchemy URL, rather than a file or the URL of a file."""
    scheme, separator, _ = source.partition("://")
    dialect, plus, _ = scheme.lower().partition("+")
    return bool(separator) and (dialect in _DIALECTS or bool(plus))


def read_query(url: str, query: str | None) -> pd.DataFrame:
    """Return the rows that ``query`` selects from the database.

    Raises
    ------
    UserError
        No query, no driver, no such database, or the database refuses the query.
    StoreUnavailableError
        The database is locked.
    """
    with _selected(url, query) as found:
        return _frame(found.fetchall(), found)


def read_query_chunks(url: str, query: str | None, *, cells: int) -> Iterator[pd.DataFrame]:
    """Yield the rows that ``query`` selects in chunks of about ``cells`` cells.

    Rows are streamed if the driver can do so, and the whole result is never in memory. Errors are
    those of `read_query`.
    """
    with _selected(url, query) as found:
        n_rows = max(1, cells // max(1, len(found.keys())))
        while rows := found.fetchmany(n_rows):
            yield _frame(rows, found)


def _frame(rows: Sequence[Any], found: "sa.CursorResult[Any]") -> pd.DataFrame:
    return pd.DataFrame.from_records(rows, columns=list(found.keys()), coerce_float=True)


@contextmanager
def _selected(url: str, query: str | None) -> "Iterator[sa.CursorResult[Any]]":
    """Run the query and yield its open result, as a context manager."""
    import sqlalchemy as sa
    from sqlalchemy import exc

    shown = redact_source(url)
    if query is None or not query.strip():
        raise UserError(f"database {shown!r} needs a query; add --query 'select ...'")
    try:
        address = sa.make_url(url.replace("postgres://", "postgresql://", 1))
        _refuse_missing_sqlite(address, shown)
        engine = sa.create_engine(address)
    except (exc.NoSuchModuleError, ImportError) as error:
        raise UserError(
            f"the driver for {shown!r} is not installed ({_reason(error, url)}); install it"
        ) from None
    except UserError:
        raise
    except (exc.ArgumentError, ValueError):  # a port that is no number, with what stands there
        raise UserError(
            f"{shown!r} is not a database URL; write it like sqlite:///file.db"
        ) from None
    try:
        with engine.connect().execution_options(stream_results=True) as connection:
            # The text as it is: no ":name" in it.
            found = connection.exec_driver_sql(query)
            if not found.returns_rows:
                raise UserError("the query returns no rows; give a SELECT")
            yield found
    except exc.OperationalError as error:
        if "locked" in str(error.orig).lower():
            raise StoreUnavailableError(f"database {shown!r} is locked; try again") from None
        raise UserError(f"database {shown!r} refuses: {_reason(error, url)}") from None
    except exc.SQLAlchemyError as error:
        raise UserError(f"database {shown!r} refuses the query: {_reason(error, url)}") from None
    finally:
        engine.dispose()


def _refuse_missing_sqlite(address: "sa.URL", shown: str) -> None:
    """Raise an error if a sqlite file is missing; connecting would create it."""
    file = address.database
    if address.get_backend_name() != "sqlite" or not file or file.startswith((":memory:", "file:")):
        return
    if not os.path.exists(file):
        raise UserError(f"database file {file!r} of {shown!r} does not exist; check the path")


def _reason(error: BaseException, url: str) -> str:
    """Return the driver's own message on one line, without the URL's password."""
    import sqlalchemy as sa

    text = " ".join(str(getattr(error, "orig", None) or error).split())
    try:
        password = sa.make_url(url).password
    except sa.exc.ArgumentError:
        password = None
    return redact(text.replace(str(password), "***") if password else text)[:200]
