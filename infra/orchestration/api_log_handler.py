"""Keep secrets out of the log that Prefect stores of a run.

Prefect's log handlers are configured by environment variables; `espalier.infra.environment` names
this class there.
"""

import logging

from prefect.logging.handlers import APILogHandler

from espalier.pipelines.redaction import redact


class RedactingAPILogHandler(APILogHandler):
    """Sends log records to Prefect, without passwords and tokens of URLs, also in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets."""
        return redact(super().format(record))
