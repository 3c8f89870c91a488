"""Remove secrets from log records; see `espalier.pipelines.redaction`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from espalier.pipelines.errors import EspalierError, StoreUnavailableError
from espalier.pipelines.redaction import redact


class RedactingFormatter(logging.Formatter):
    """Formats log records without passwords and tokens of URLs, also in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets."""
        return redact(super().format(record))


@contextmanager
def secrets_hidden() -> Iterator[None]:
    """Raise an error of this block that shows a secret as one that does not; also a decorator.

    Prefect stores the message of an error as the state of a run. Errors of ours hide their secrets
    themselves. An error after which a retry may help stays one.
    """
    try:
        yield
    except EspalierError:
        raise
    except Exception as error:
        text = str(error)
        if redact(text) == text:
            raise
        can_pass = isinstance(error, ConnectionError | TimeoutError)
        kind = StoreUnavailableError if can_pass else EspalierError
        raise kind(f"{type(error).__name__}: {redact(text)}") from None
