"""Secrets out of what is logged (`espalier.pipelines.redaction` says which)."""

import logging

from espalier.pipelines.redaction import redact


class RedactingFormatter(logging.Formatter):
    """Formats records, tracebacks included, without passwords and tokens of URLs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text."""
        return redact(super().format(record))
