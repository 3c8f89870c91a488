"""Remove secrets from log records; see `espalier.pipelines.redaction`."""

import logging

from espalier.pipelines.redaction import redact


class RedactingFormatter(logging.Formatter):
    """Formats log records without passwords and tokens of URLs, also in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets."""
        return redact(super().format(record))
