"""Prefect's log of a run, without secrets.

Prefect makes its handlers from a configuration that variables can change;
`espalier.infra.environment` names this class there.
"""

import logging

from prefect.logging.handlers import APILogHandler

from espalier.pipelines.redaction import redact


class RedactingAPILogHandler(APILogHandler):
    """Sends records, tracebacks included, to Prefect without passwords and tokens of URLs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text."""
        return redact(super().format(record))
