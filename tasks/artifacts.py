"""Publish artifacts on the page of a flow run in the Prefect UI.

An artifact that the server does not accept is logged as a warning; the run continues.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from espalier.pipelines.redaction import redact

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)


def publish_markdown(key: str, markdown: str, description: str) -> None:
    """Publish a Markdown text."""
    from prefect.artifacts import create_markdown_artifact

    text = redact(markdown)
    _try(lambda: create_markdown_artifact(text, key=key, description=description))


def publish_table(key: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    """Publish a table, one mapping per row."""
    from prefect.artifacts import create_table_artifact

    table = [
        {name: redact(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows
    ]
    _try(lambda: create_table_artifact(table, key=key, description=description))


def publish_link(key: str, link: str, text: str, description: str) -> None:
    """Publish a link."""
    from prefect.artifacts import create_link_artifact

    _try(lambda: create_link_artifact(link, link_text=text, key=key, description=description))


def open_progress(key: str, description: str) -> UUID | None:
    """Publish a progress bar at 0 %; return its id, or None if that failed."""
    from prefect.artifacts import create_progress_artifact

    made = _try(lambda: create_progress_artifact(0.0, key=key, description=description))
    return made if isinstance(made, UUID) else None


def move_progress(artifact: UUID | None, share: float) -> None:
    """Set a progress bar to ``share``, from 0 to 1."""
    from prefect.artifacts import update_progress_artifact

    if artifact is not None:
        percent = round(100 * min(1.0, max(0.0, share)), 1)
        _try(lambda: update_progress_artifact(artifact, progress=percent))


def _try(publish: Callable[[], T]) -> T | None:
    from prefect.context import FlowRunContext, TaskRunContext

    if TaskRunContext.get() is None and FlowRunContext.get() is None:
        return None  # called as a plain function, through .fn
    try:
        return publish()
    except Exception:
        _LOGGER.warning("an artifact could not be published", exc_info=True)
        return None
