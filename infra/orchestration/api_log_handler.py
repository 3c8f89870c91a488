"""Keep secrets out of the log that Prefect stores of a run, and out of what a run prints.

Prefect's log handlers are configured by environment variables; `espalier.infra.environment` names
these classes there.
"""

import logging

from prefect.logging.handlers import APILogHandler, PrefectConsoleHandler

from espalier.pipelines.redaction import redact


class RedactingAPILogHandler(APILogHandler):
    """Sends log records to Prefect, without passwords and tokens of URLs, also in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets."""
        return redact(super().format(record))


class RedactingConsoleHandler(PrefectConsoleHandler):
    """Prints log records as Prefect does, without secrets, also in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets."""
        return redact(super().format(record))
